-- Enough of everything that grows with the fleet for the planner to choose as in production.
INSERT INTO partners (name) SELECT 'Partner ' || n FROM generate_series(1, 20) n;
INSERT INTO organizations (partner_id, name)
SELECT p.id, p.name || ' client ' || n FROM partners p, generate_series(1, 10) n;
INSERT INTO sites (organization_id, slug, name)
SELECT o.id, 'site-' || row_number() OVER (ORDER BY o.id, n), 'Site'
FROM organizations o, generate_series(1, 5) n;
INSERT INTO appliances (site_id, wire_id, mac, hostname)
SELECT
    s.id, s.slug || '-' || n,
    upper(substr(translate(md5(s.slug || '/' || n), 'g', '0'), 1, 2) || ':'
        || substr(md5(s.slug || '/' || n), 3, 2) || ':' || substr(md5(s.slug || '/' || n), 5, 2) || ':'
        || substr(md5(s.slug || '/' || n), 7, 2) || ':' || substr(md5(s.slug || '/' || n), 9, 2) || ':'
        || substr(md5(s.slug || '/' || n), 11, 2)),
    'host-' || n
FROM sites s, generate_series(1, 20) n;
INSERT INTO api_keys (site_id, digest)
SELECT s.id, sha256(convert_to(s.slug, 'UTF8')) FROM sites s;
INSERT INTO executions (
    site_id, execution_id, received_at, evidence_at, occurred_at, level, incident_id,
    incident_type, hostname, reported_id, outcome
)
SELECT
    s.ids[1 + n % array_length(s.ids, 1)], 'execution-' || n, m.at, m.at, m.at,
    CASE WHEN n % 10 < 7 THEN 'L2' ELSE 'L1' END, 'incident-' || n, 'type_' || n % 20,
    'ws-' || n % 5, 'RB-WIN-SEC-001', 'success'
FROM generate_series(1, 200000) n
CROSS JOIN (SELECT array_agg(t.id) AS ids FROM sites t) s
CROSS JOIN LATERAL (SELECT now() - n * interval '1 millisecond' AS at) m;
INSERT INTO execution_keys (site_id, execution_id, digest, received_at)
SELECT e.site_id, e.execution_id, sha256('x'), e.received_at FROM executions e;
INSERT INTO patterns (
    id, site_id, incident_type, runbook_id, hostname, successes, first_seen_at, last_seen_at,
    due_at
)
SELECT
    left(md5(s.slug || '/' || t || '/' || h), 16), s.id, 'type_' || t, 'RB-WIN-SEC-001', 'ws-' || h, 7, now(),
    now(), NULL
FROM sites s, generate_series(1, 20) t, generate_series(1, 2) h;
INSERT INTO platform_pattern_sites (
    incident_type, runbook_id, site_id, successes, first_seen_at, last_seen_at
)
SELECT 'type_' || t, 'RB-WIN-SEC-001', s.id, 7, now(), now()
FROM sites s, generate_series(1, 20) t;
INSERT INTO rule_counts (
    site_id, incident_type, reported_id, rule, successes, failures, not_attempted,
    chaos_successes, chaos_failures, first_seen_at, last_seen_at
)
SELECT s.id, 'type_' || t, 'RB-WIN-SEC-001', NULL, 7, 0, 0, 0, 0, now(), now()
FROM sites s, generate_series(1, 20) t;
INSERT INTO l1_rules (
    rule_id, source, scope, incident_type, runbook_id, name, conditions, action, priority,
    cooldown_seconds
)
SELECT
    'learnt-' || t, 'platform', 'platform', 'type_' || t, 'RB-WIN-SEC-001', 'Rule ' || t,
    jsonb_build_array(
        jsonb_build_object('field', 'check_type', 'operator', 'eq', 'value', 'type_' || t)
    ),
    'run_windows_runbook', 10, 60
FROM generate_series(1, 5) t;
INSERT INTO rule_attempts (
    site_id, execution_id, rule, seq, incident_type, reported_id, hostname, success, chaos,
    began_at, received_at
)
SELECT
    s.ids[1 + n % array_length(s.ids, 1)], 'attempt-' || l.rule_id || '-' || n, l.id, n,
    l.incident_type, l.rule_id, 'ws-1', true, false, now() + n * interval '1 millisecond', now()
FROM l1_rules l
CROSS JOIN generate_series(1, 5000) n
CROSS JOIN (SELECT array_agg(t.id) AS ids FROM sites t) s
WHERE l.source = 'platform';
INSERT INTO rule_health (rule, restarted_at, last_seq)
SELECT l.id, l.created_at, 5000 FROM l1_rules l WHERE l.source = 'platform';
ANALYZE;
