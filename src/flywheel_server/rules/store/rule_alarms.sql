-- name: begin
-- fleet: the rule says whose it is
INSERT INTO rule_alarms (rule, kind, partner_id, organization_id, site_id, reason, began_at)
VALUES (:rule, :kind, :partner_id, :organization_id, :site_id, :reason, :now)
ON CONFLICT (rule, kind, partner_id, organization_id) WHERE over_at IS NULL DO NOTHING
RETURNING id;

-- name: end_over
-- fleet: the caller's row-level security decides which there are
-- What it was about is over: of one rule, or of all.
UPDATE rule_alarms AS a
SET over_at = :now
FROM l1_rules l
WHERE l.id = a.rule
    AND a.over_at IS NULL
    AND (:rule::uuid IS NULL OR a.rule = :rule)
    AND CASE a.kind
        WHEN 'withdrawn' THEN l.enabled
        WHEN 'evidence_gone' THEN NOT l.enabled
        ELSE NOT EXISTS (
            SELECT 1
            FROM rule_exclusions x
            WHERE x.rule = a.rule
                AND x.kind = 'quarantined'
                AND x.partner_id = a.partner_id
                AND x.organization_id IS NOT DISTINCT FROM a.organization_id
                AND x.ended_at IS NULL
        )
    END;

-- name: end_proven
-- fleet: the gates of rules of any scope opened again
UPDATE rule_alarms AS a
SET over_at = :now
WHERE a.rule = ANY (:rules::uuid[])
    AND a.kind = 'evidence_gone'
    AND a.over_at IS NULL;

-- name: lasting
-- fleet: the gates of rules of any scope are looked at again
SELECT DISTINCT a.rule
FROM rule_alarms a
WHERE a.kind = 'evidence_gone'
    AND a.over_at IS NULL;

-- name: answer
-- fleet: the caller's row-level security decides which there are
UPDATE rule_alarms AS a
SET answered_by = :by, answered_at = :now, answer = :text
WHERE a.id = :id
    AND a.over_at IS NULL
    AND a.answered_at IS NULL
RETURNING
    a.id, a.rule, a.kind, a.partner_id, a.organization_id, a.site_id, a.reason, a.began_at,
    a.answered_by, a.answered_at, a.answer, a.over_at;

-- name: get
-- fleet: the caller's row-level security decides which there are
SELECT
    a.id, a.rule, a.kind, a.partner_id, a.organization_id, a.site_id, a.reason, a.began_at,
    a.answered_by, a.answered_at, a.answer, a.over_at
FROM rule_alarms a
WHERE a.id = :id;

-- name: open
-- fleet: the caller's row-level security decides which there are
-- The longest lasting first; for operators (:for_operators) not those of one site's rules, which
-- are its people's.
SELECT
    a.id, a.rule, a.kind, a.partner_id, a.organization_id, a.site_id, a.reason, a.began_at,
    a.answered_by, a.answered_at, a.answer, a.over_at, l.rule_id, o.name AS organization_name
FROM rule_alarms a
JOIN l1_rules l ON l.id = a.rule
LEFT JOIN organizations o ON o.id = a.organization_id
WHERE a.over_at IS NULL
    AND a.answered_at IS NULL
    AND (NOT :for_operators OR a.site_id IS NULL)
ORDER BY a.began_at, a.id
LIMIT :most;

-- name: of_rules
-- fleet: the caller's row-level security decides which there are
SELECT
    a.id, a.rule, a.kind, a.partner_id, a.organization_id, a.site_id, a.reason, a.began_at,
    a.answered_by, a.answered_at, a.answer, a.over_at, l.rule_id, o.name AS organization_name
FROM rule_alarms a
JOIN l1_rules l ON l.id = a.rule
LEFT JOIN organizations o ON o.id = a.organization_id
WHERE a.rule = ANY (:rules::uuid[])
    AND a.over_at IS NULL
ORDER BY a.began_at, a.id;

-- name: fallen_platform
-- fleet: a platform rule belongs to no tenant
-- Rules whose pair has less to show than when they were made, or heals less often than is needed: a
-- coarse sieve, the gates decide. Not where counting began again since, after a withdrawal.
SELECT p.id AS pattern, l.id AS rule, d.gates
FROM l1_rules l
JOIN platform_patterns p ON p.incident_type = l.incident_type AND p.runbook_id = l.runbook_id
CROSS JOIN LATERAL (
    SELECT m.gates, m.evidence, m.decided_at
    FROM promotions m
    WHERE m.rule = l.id
        AND m.decision = 'approved'
    ORDER BY m.decided_at DESC
    LIMIT 1
) d
WHERE l.source = 'platform'
    AND l.enabled
    AND p.counted_from <= d.decided_at
    AND (
        p.since_organizations < (d.evidence ->> 'organizations')::bigint
        OR p.since_successes < (d.evidence ->> 'successes')::bigint
        OR p.since_verified_successes < (d.evidence ->> 'verified_successes')::bigint
        OR p.since_successes + p.since_failures < (d.evidence ->> 'occurrences')::bigint
        OR p.since_successes < :least_rate::float8 * (p.since_successes + p.since_failures)
        OR l.id = ANY (:rules::uuid[])
    )
ORDER BY l.id;

-- name: promoted_of
-- fleet: the loop looks at the rules of every site
-- The rules of these approved patterns, or these rules, with all that each was approved for.
SELECT d.rule, d.pattern_id, d.gates
FROM promotions d
JOIN l1_rules l ON l.id = d.rule AND l.source = 'promoted' AND l.enabled
WHERE d.decision = 'approved'
    AND (
        d.rule = ANY (:rules::uuid[])
        OR d.rule IN (
            SELECT m.rule
            FROM promotions m
            WHERE m.pattern_id = ANY (:patterns::text[]) AND m.rule IS NOT NULL
        )
    )
ORDER BY d.rule, d.pattern_id;
