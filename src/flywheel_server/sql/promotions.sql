-- name: insert
INSERT INTO promotions (
    tier, decision, site_id, pattern_id, incident_type, runbook_id, rule, actor_kind, actor_id,
    actor_name, decided_at, custom_name, notes, deploy_immediately, evidence, gates
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
RETURNING id;

-- name: site_rule
-- The enabled rule of a site for a pair.
SELECT l.id
FROM l1_rules l
WHERE l.source = 'promoted'
    AND l.site_id = $1
    AND l.incident_type = $2
    AND l.runbook_id = $3
    AND l.enabled;

-- name: site_generation
SELECT count(*) + 1 AS generation
FROM l1_rules l
WHERE l.source = 'promoted'
    AND l.site_id = $1
    AND l.incident_type = $2
    AND l.runbook_id = $3;

-- name: endorse
INSERT INTO endorsements (site_id, pattern_id, actor_id, actor_name, endorsed_at, notes)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (pattern_id) DO NOTHING
RETURNING id;

-- name: decided_since
-- Row-level security leaves the caller's own sites.
SELECT
    count(*) FILTER (WHERE d.decision = 'approved') AS approved,
    count(*) FILTER (WHERE d.decision = 'rejected') AS rejected
FROM promotions d
WHERE d.site_id IS NOT NULL
    AND d.decided_at >= $1;

-- name: endorsed_since
-- Row-level security leaves the caller's own sites.
SELECT count(*) AS endorsed
FROM endorsements e
WHERE e.site_id IS NOT NULL
    AND e.endorsed_at >= $1;

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
    AND ($1::uuid IS NULL OR l.site_id = $1)
    AND ($2::boolean IS NULL OR l.enabled = $2)
    AND ($3::uuid IS NULL OR l.id < $3)
    AND ($4::uuid IS NULL OR l.id = $4)
    AND ($5::text IS NULL OR l.rule_id = $5)
    AND (
        $7::text IS NULL
        OR strpos(lower(l.incident_type), lower($7)) > 0
        OR strpos(lower(l.rule_id), lower($7)) > 0
        OR strpos(lower(l.runbook_id), lower($7)) > 0
        OR strpos(lower(l.name), lower($7)) > 0
        OR strpos(lower(COALESCE(l.label, p.custom_name)), lower($7)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks b
            WHERE b.runbook_id = l.runbook_id
                AND strpos(lower(b.name), lower($7)) > 0
        )
    )
ORDER BY l.id DESC
LIMIT $6;

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
WHERE r.id = ANY ($1);

-- name: lock_request
SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text || ':' || $2::text, 7306)) AS partner_id;

-- name: answered
SELECT k.digest, k.answer
FROM idempotency_keys k
WHERE k.partner_id = $1
    AND k.key = $2;

-- name: keep_answer
INSERT INTO idempotency_keys (partner_id, key, digest, answer, created_at)
VALUES ($1, $2, $3, $4, $5);
