-- name: insert
INSERT INTO promotions (
    tier, decision, site_id, pattern_id, incident_type, runbook_id, rule, actor_kind, actor_id,
    actor_name, decided_at, custom_name, notes, deploy_immediately, evidence, gates
)
VALUES (
    :tier, :decision, :site_id, :pattern_id, :incident_type, :runbook_id, :rule, :actor_kind,
    :actor_id, :actor_name, :decided_at, :custom_name, :notes, :deploy_immediately, :evidence,
    :gates
)
RETURNING id;

-- name: site_rule
-- The enabled rule of a site for a pair.
SELECT l.id
FROM l1_rules l
WHERE l.source = 'promoted'
    AND l.site_id = :site_id
    AND l.incident_type = :incident_type
    AND l.runbook_id = :runbook_id
    AND l.enabled;

-- name: site_generation
SELECT count(*) + 1 AS generation
FROM l1_rules l
WHERE l.source = 'promoted'
    AND l.site_id = :site_id
    AND l.incident_type = :incident_type
    AND l.runbook_id = :runbook_id;

-- name: endorse
INSERT INTO endorsements (site_id, pattern_id, actor_id, actor_name, endorsed_at, notes)
VALUES (:site_id, :pattern_id, :actor_id, :actor_name, :now, :notes)
ON CONFLICT (pattern_id) DO NOTHING
RETURNING id;

-- name: decided_since
-- Row-level security leaves the caller's own sites.
SELECT
    count(*) FILTER (WHERE d.decision = 'approved') AS approved,
    count(*) FILTER (WHERE d.decision = 'rejected') AS rejected
FROM promotions d
WHERE d.site_id IS NOT NULL
    AND d.decided_at >= :since;

-- name: endorsed_since
-- Row-level security leaves the caller's own sites.
SELECT count(*) AS endorsed
FROM endorsements e
WHERE e.site_id IS NOT NULL
    AND e.endorsed_at >= :since;

-- name: rules_page
-- The rules that candidates of the caller's sites became, the newest first.
SELECT
    l.id, l.site_id, s.slug, s.name AS site_name, p.id AS promotion_id, p.pattern_id, p.hostname,
    COALESCE(l.label, p.custom_name) AS custom_name, p.notes, p.tier, p.actor_name, p.decided_at,
    p.hosts
FROM l1_rules l
JOIN sites s ON s.id = l.site_id
LEFT JOIN LATERAL (
    SELECT
        d.id, d.pattern_id, t.hostname, d.custom_name, d.notes, d.tier, d.actor_name, d.decided_at,
        count(*) OVER () AS hosts
    FROM promotions d
    JOIN patterns t ON t.id = d.pattern_id
    WHERE d.rule = l.id
    ORDER BY d.decided_at, d.id
    LIMIT 1
) p ON true
WHERE l.source = 'promoted'
    AND (:site_id::uuid IS NULL OR l.site_id = :site_id)
    AND (:enabled::boolean IS NULL OR l.enabled = :enabled)
    AND (:before::uuid IS NULL OR l.id < :before)
    AND (:id::uuid IS NULL OR l.id = :id)
    AND (:rule_id::text IS NULL OR l.rule_id = :rule_id)
    AND (
        :text::text IS NULL
        OR strpos(lower(l.incident_type), lower(:text)) > 0
        OR strpos(lower(l.rule_id), lower(:text)) > 0
        OR strpos(lower(l.runbook_id), lower(:text)) > 0
        OR strpos(lower(l.name), lower(:text)) > 0
        OR strpos(lower(COALESCE(l.label, p.custom_name)), lower(:text)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks b
            WHERE b.runbook_id = l.runbook_id
                AND strpos(lower(b.name), lower(:text)) > 0
        )
    )
ORDER BY l.id DESC
LIMIT :limit;

-- name: rules_counted
-- Row-level security leaves the caller's own sites.
SELECT
    count(*) AS rules,
    count(*) FILTER (WHERE l.enabled) AS enabled,
    count(*) FILTER (WHERE l.withdrawn_at IS NOT NULL) AS withdrawn,
    COALESCE(sum(l.success_count), 0)::bigint AS successes,
    COALESCE(sum(l.success_count + l.failure_count), 0)::bigint AS attempts
FROM l1_rules l
WHERE l.source = 'promoted'
    AND l.site_id IS NOT NULL;

-- name: rules_by_ids
-- fleet: the caller's row-level security decides which rules there are
SELECT
    r.id, r.rule_id, r.source, r.scope,
    COALESCE(r.partner_id, r.organization_id, r.site_id) AS scope_id,
    r.tier, r.incident_type, r.runbook_id, r.name, r.description, r.conditions, r.action,
    r.action_params, r.hipaa_controls, r.severity_filter, r.priority, r.cooldown_seconds,
    r.max_retries, r.enabled, r.disabled_reason, r.enabled_changed_at, r.withdrawn_at,
    r.match_count, r.success_count, r.failure_count, r.success_rate, r.created_at
FROM l1_rules r
WHERE r.id = ANY (:ids);

-- name: lock_request
SELECT pg_advisory_xact_lock(
    hashtextextended(:partner_id::uuid::text || ':' || :key::text, {lock.BULK_REQUEST})
) AS partner_id;

-- name: answered
SELECT k.digest, k.answer
FROM idempotency_keys k
WHERE k.partner_id = :partner_id
    AND k.key = :key;

-- name: keep_answer
INSERT INTO idempotency_keys (partner_id, key, digest, answer, created_at)
VALUES (:partner_id, :key, :digest, :answer, :now);
