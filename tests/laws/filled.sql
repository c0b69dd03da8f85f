-- One row, at least, in every table that the set-up leaves empty. A new table needs a row here.
INSERT INTO partners (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'Partner');
INSERT INTO organizations (id, partner_id, name)
VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'Org');
INSERT INTO sites (id, organization_id, slug, name)
VALUES (
    '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', 'site', 'Site'
);
INSERT INTO appliances (id, site_id, wire_id)
VALUES ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000003', 'site-x');
INSERT INTO operators (id, email, role)
VALUES ('00000000-0000-7000-8000-000000000005', 'operator@example.org', 'admin');
INSERT INTO api_keys (site_id, digest)
VALUES ('00000000-0000-7000-8000-000000000003', sha256('key'));
INSERT INTO api_keys (partner_id, digest)
VALUES ('00000000-0000-7000-8000-000000000001', sha256('partner key'));
INSERT INTO runbooks (runbook_id, name, platform, executable, source)
VALUES ('RB-LAW-001', 'Law', 'linux', true, 'operator');
INSERT INTO aliases (alias, runbook_id, source) VALUES ('RB-LAW-001', 'RB-LAW-001', 'operator');
INSERT INTO l1_rules (
    id, rule_id, source, scope, site_id, incident_type, runbook_id, name, conditions, action,
    priority, cooldown_seconds
)
VALUES (
    '00000000-0000-7000-8000-000000000006', 'L1-LAW-001', 'custom', 'site',
    '00000000-0000-7000-8000-000000000003', 'law', 'RB-LAW-001', 'Law',
    '[{"field": "check_type", "operator": "eq", "value": "law"}]', 'run_linux_runbook', 5, 300
);
INSERT INTO executions (
    site_id, execution_id, received_at, evidence_at, occurred_at, level, incident_id, incident_type,
    hostname, reported_id, outcome
)
VALUES (
    '00000000-0000-7000-8000-000000000003', 'execution', now(), now(), now(), 'L2', 'incident',
    'law', 'host', 'RB-LAW-001', 'success'
);
INSERT INTO execution_keys (site_id, execution_id, digest, received_at)
VALUES ('00000000-0000-7000-8000-000000000003', 'execution', '\x00', now());
INSERT INTO corrections (site_id, execution_id, revision, digest, received_at)
VALUES ('00000000-0000-7000-8000-000000000003', 'execution', 1, '\x01', now());
INSERT INTO dropped_counts (
    site_id, level, incident_type, reported_id, hostname, successes, verified_successes, failures,
    not_attempted, chaos_successes, chaos_failures, since_successes, since_verified_successes,
    since_failures, since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at
)
VALUES (
    '00000000-0000-7000-8000-000000000003', 'L2', 'law', 'RB-LAW-001', 'host',
    1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, now(), now()
);
INSERT INTO fold_marks (fold, mark, system_identifier, folded_at)
VALUES ('law', pg_current_snapshot(), 1, now());
INSERT INTO level_days (day, level, successes) VALUES ('2026-02-24', 'L1', 1);
INSERT INTO patterns (
    id, site_id, incident_type, runbook_id, hostname, first_seen_at, last_seen_at
)
VALUES (
    'law', '00000000-0000-7000-8000-000000000003', 'law', 'RB-LAW-001', 'host', now(), now()
);
INSERT INTO platform_pattern_sites (
    incident_type, runbook_id, site_id, first_seen_at, last_seen_at
)
VALUES ('law', 'RB-LAW-001', '00000000-0000-7000-8000-000000000003', now(), now());
INSERT INTO platform_patterns (incident_type, runbook_id, aggregated_at)
VALUES ('law', 'RB-LAW-001', now());
INSERT INTO rule_counts (
    site_id, incident_type, reported_id, rule, first_seen_at, last_seen_at
)
VALUES (
    '00000000-0000-7000-8000-000000000003', 'law', 'RB-LAW-001',
    '00000000-0000-7000-8000-000000000006', now(), now()
);
INSERT INTO loop_leases (name, holder, expires_at, turn_started_at)
VALUES ('law', '00000000-0000-7000-8000-000000000007', now(), now());
INSERT INTO loop_runs (turn_id, holder, step, started_at, ended_at)
VALUES (
    '00000000-0000-7000-8000-000000000008', '00000000-0000-7000-8000-000000000007', 'law', now(),
    now()
);
INSERT INTO audit_entries (
    at, actor_kind, actor, action, object_kind, object_id, partner_id, organization_id, site_id
)
VALUES (
    now(), 'command', 'law', 'created', 'site', 'site', '00000000-0000-7000-8000-000000000001',
    '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003'
);
INSERT INTO incidents (
    site_id, hostname, incident_type, check_type, severity, details, pre_state, hipaa_controls,
    reported_at, last_reported_at
)
VALUES (
    '00000000-0000-7000-8000-000000000003', 'host', 'law', 'law', 'low', '{}', '{}', '{}', now(),
    now()
);
INSERT INTO pattern_reports (
    site_id, kind, signature, occurrences, successes, first_seen_at, last_seen_at
)
VALUES ('00000000-0000-7000-8000-000000000003', 'heal', 'law:host', 1, 1, now(), now());
INSERT INTO log_lines (site_id, received_at, hostname, unit, message)
VALUES ('00000000-0000-7000-8000-000000000003', now(), 'host', 'unit', 'message');
INSERT INTO appliance_documents (site_id, kind, body, received_at)
VALUES ('00000000-0000-7000-8000-000000000003', 'law', '{}', now());
INSERT INTO events (id, kind, partner_id, data, occurred_at)
VALUES (
    '00000000-0000-7000-8000-000000000009', 'loop.silent', '00000000-0000-7000-8000-000000000001',
    '{}', now()
);
INSERT INTO webhook_endpoints (id, partner_id, url, kinds, secret, created_at)
VALUES (
    '00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-000000000001',
    'https://example.org/', '{loop.silent}', sha256('secret'), now()
);
INSERT INTO service_failures (service, since, last_at, failures, reason)
VALUES ('mail', now(), now(), 1, 'refused');
INSERT INTO webhook_old_secrets (endpoint_id, partner_id, secret, expires_at)
VALUES (
    '00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-000000000001',
    sha256('older'), now()
);
INSERT INTO webhook_deliveries (event_id, endpoint_id, partner_id, next_attempt_at, created_at)
VALUES (
    '00000000-0000-7000-8000-000000000009', '00000000-0000-7000-8000-00000000000a',
    '00000000-0000-7000-8000-000000000001', now(), now()
);
INSERT INTO promotions (
    tier, decision, site_id, pattern_id, incident_type, runbook_id, rule, actor_kind, actor_name,
    decided_at, deploy_immediately, evidence, gates
)
VALUES (
    'partner', 'approved', '00000000-0000-7000-8000-000000000003', 'law', 'law', 'RB-LAW-001',
    '00000000-0000-7000-8000-000000000006', 'partner', 'law', now(), false, '{}', '[]'
);
INSERT INTO endorsements (site_id, pattern_id, actor_id, actor_name, endorsed_at)
VALUES (
    '00000000-0000-7000-8000-000000000003', 'law', '00000000-0000-7000-8000-000000000005', 'law',
    now()
);
INSERT INTO idempotency_keys (partner_id, key, digest, answer, created_at)
VALUES ('00000000-0000-7000-8000-000000000001', 'law', '\x00', '{}', now());
INSERT INTO users (id, email, partner_id, role)
VALUES (
    '00000000-0000-7000-8000-000000000007', 'person@example.org',
    '00000000-0000-7000-8000-000000000001', 'owner'
);
INSERT INTO users (id, email, organization_id, role)
VALUES (
    '00000000-0000-7000-8000-000000000008', 'client@example.org',
    '00000000-0000-7000-8000-000000000002', 'admin'
);
INSERT INTO one_time_links (user_id, kind, digest, created_at, expires_at)
VALUES (
    '00000000-0000-7000-8000-000000000008', 'sign_in', sha256('client link'), now(), now()
);
INSERT INTO sessions (user_id, digest, address, user_agent, created_at, seen_at, expires_at)
VALUES (
    '00000000-0000-7000-8000-000000000008', sha256('client session'), '192.0.2.2', 'Browser',
    now(), now(), now()
);
INSERT INTO one_time_links (user_id, kind, digest, created_at, expires_at)
VALUES ('00000000-0000-7000-8000-000000000007', 'sign_in', sha256('link'), now(), now());
INSERT INTO sessions (user_id, digest, address, user_agent, created_at, seen_at, expires_at)
VALUES (
    '00000000-0000-7000-8000-000000000007', sha256('session'), '192.0.2.1', 'Browser', now(), now(),
    now()
);
INSERT INTO sign_in_attempts (email_digest, failures, counted_at)
VALUES (sha256('person@example.org'), 1, now());
INSERT INTO orders (
    id, site_id, appliance_id, kind, order_type, priority, created_at, expires_at, nonce,
    signed_payload, signature, issued_by, changed_at
)
VALUES (
    'law::1', '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000004',
    'run_drift', 'run_drift', 5, now(), now() + interval '1 day', repeat('0', 32),
    '{"nonce": "00000000000000000000000000000000", "order_id": "law::1", "order_type": "run_drift", '
    '"parameters": {}}',
    repeat('0', 128), 'law', now()
);
INSERT INTO rule_sets (hash, rule_ids, served_at) VALUES (repeat('0', 64), '{L1-LAW-001}', now());
INSERT INTO rule_syncs (site_id, hash, synced_at)
VALUES ('00000000-0000-7000-8000-000000000003', repeat('0', 64), now());
INSERT INTO rule_deliveries (site_id, rule, appliance_id, approved_at)
VALUES (
    '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000006',
    '00000000-0000-7000-8000-000000000004', now()
);
INSERT INTO rule_remains (
    rule, site_id, appliance_id, first_received_at, last_received_at, last_began_at, removed_at,
    removed_by
)
VALUES (
    '00000000-0000-7000-8000-000000000006', '00000000-0000-7000-8000-000000000003',
    '00000000-0000-7000-8000-000000000004', now(), now(), now(), now(), 'pat@example.com'
);
INSERT INTO set_aside_ids (
    reported_id, level, executions, comes_back_at, reason, set_aside_by, set_aside_at
)
VALUES (
    'L2-run_windows_runbook', 'L2', 12, 22, 'It names no runbook.', 'admin@example.com', now()
);
INSERT INTO rule_attempts (
    site_id, execution_id, rule, seq, incident_type, reported_id, hostname, success, chaos,
    began_at, received_at
)
VALUES (
    '00000000-0000-7000-8000-000000000003', 'execution', '00000000-0000-7000-8000-000000000006', 1,
    'law', 'L1-LAW-001', 'host', true, false, now(), now()
);
INSERT INTO rule_health (rule, restarted_at, last_seq)
VALUES ('00000000-0000-7000-8000-000000000006', now(), 1);
INSERT INTO plans (
    id, site_id, incident_id, incident_type, hostname, severity, platform, input, digest, mode,
    agent_version, state, planner, prompt_version, runbook_id, confidence, told, reason, answer,
    created_at, decided_at
)
VALUES (
    '00000000-0000-7000-8000-00000000000b', '00000000-0000-7000-8000-000000000003', 'incident',
    'law', 'host', 'high', 'linux', '{}', repeat('0', 64), 'manual', '', 'decided', 'rule', '1',
    'RB-LAW-001', 1, 'approval', 'manual', '{}', now(), now()
);
INSERT INTO plan_budgets (site_id, day, calls, micro_usd)
VALUES ('00000000-0000-7000-8000-000000000003', current_date, 1, 1);
INSERT INTO plan_approvals (plan_id, site_id, created_at, deadline_at)
VALUES (
    '00000000-0000-7000-8000-00000000000b', '00000000-0000-7000-8000-000000000003', now(),
    now() + interval '4 hours'
);
INSERT INTO evidence_keys (
    site_id, appliance_id, public_key, state, seen_at, decided_at, decided_by
)
VALUES (
    '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000004',
    repeat('a', 64), 'active', now(), now(), 'law'
);
-- Its head comes with it.
INSERT INTO evidence_bundles (
    site_id, position, bundle_id, public_key, signature, signed_data, bundle_hash, previous_hash,
    chain_hash, checked_at, received_at, checks, results
)
VALUES (
    '00000000-0000-7000-8000-000000000003', 1, 'law', repeat('a', 64), repeat('b', 128), '{}',
    repeat('c', 64), repeat('0', 64), repeat('d', 64), now(), now(), 0, '{}'
);
INSERT INTO evidence_anchors (
    id, organization_id, state, state_changed_at, root, leaves, created_at
)
VALUES (
    '00000000-0000-7000-8000-00000000000c', '00000000-0000-7000-8000-000000000002', 'local', now(),
    sha256('root'), 1, now()
);
INSERT INTO evidence_leaves (site_id, position, anchor_id, path)
VALUES (
    '00000000-0000-7000-8000-000000000003', 1, '00000000-0000-7000-8000-00000000000c', '{}'
);
INSERT INTO evidence_progress (site_id) VALUES ('00000000-0000-7000-8000-000000000003');
INSERT INTO heal_proofs (
    site_id, execution_id, revision, source, reference, passed, said, seen_at, proven_at
)
VALUES (
    '00000000-0000-7000-8000-000000000003', 'execution', 1, 'scan', 'bundle', true,
    'claimed_success', now(), now()
);
INSERT INTO rule_exclusions (rule, partner_id, organization_id, kind, reason, began_by, began_at)
VALUES (
    '00000000-0000-7000-8000-000000000006', '00000000-0000-7000-8000-000000000001',
    '00000000-0000-7000-8000-000000000002', 'declined', 'law', 'law', now()
);
INSERT INTO rule_alarms (
    rule, kind, partner_id, organization_id, site_id, reason, began_at
)
VALUES (
    '00000000-0000-7000-8000-000000000006', 'evidence_gone', '00000000-0000-7000-8000-000000000001',
    '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003', 'law', now()
);
INSERT INTO appliance_identities (
    site_id, appliance_id, mac, public_key, hostname, first_seen_at, last_seen_at
)
VALUES (
    '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000004', '', '', 'host',
    now(), now()
);
INSERT INTO shared_macs (site_id, mac, noted_at, noted_by)
VALUES ('00000000-0000-7000-8000-000000000003', '02:00:5E:10:00:01', now(), 'law');
INSERT INTO evidence_waiting (
    site_id, public_key, signature, signed_data, size_bytes, bundle_hash, checked_at, received_at,
    checks, results
)
VALUES (
    '00000000-0000-7000-8000-000000000003', repeat('b', 64), repeat('b', 128), '{}', 2,
    repeat('c', 64), now(), now(), 0, '{}'
);
INSERT INTO evidence_drops (
    site_id, public_key, reason, day, bundles, size_bytes, first_checked_at, last_checked_at,
    dropped_at
)
VALUES (
    '00000000-0000-7000-8000-000000000003', repeat('b', 64), 'room', '2026-02-24', 1, 2, now(),
    now(), now()
);
INSERT INTO site_usage (site_id, day, kind, bytes, items, refused, changed_at)
VALUES ('00000000-0000-7000-8000-000000000003', '2026-02-24', 'logs', 1, 1, 0, now());
INSERT INTO site_rows (site_id, kind, counted, counted_at)
VALUES ('00000000-0000-7000-8000-000000000003', 'hosts', 1, now());
INSERT INTO platform_backlog (waiting, reason, since) VALUES (0, 'law', now());
INSERT INTO platform_approvals (incident_type, runbook_id, approved_by, approved_at, reason)
VALUES ('law', 'RB-LAW', 'law@example.com', now(), 'law');
INSERT INTO clock_skews (site_id, skew_seconds, since, seen_at)
VALUES ('00000000-0000-7000-8000-000000000003', 172800, now(), now());
INSERT INTO early_resolutions (site_id, hostname, check_type, resolved_at)
VALUES ('00000000-0000-7000-8000-000000000003', 'host', 'early', now());
