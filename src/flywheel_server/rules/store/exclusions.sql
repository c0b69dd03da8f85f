-- name: begin
INSERT INTO rule_exclusions (
    rule, partner_id, organization_id, kind, reason, began_by, began_at
)
VALUES (:rule, :partner_id, :organization_id, :kind, :reason, :by, :now)
ON CONFLICT (rule, partner_id, organization_id, kind) WHERE ended_at IS NULL DO NOTHING
RETURNING id;

-- name: end
-- fleet: the caller's row-level security decides which there are
UPDATE rule_exclusions
SET ended_by = :by,
    ended_at = :now
WHERE id = :id
    AND ended_at IS NULL
RETURNING id, rule, partner_id, organization_id, kind, reason, began_by, began_at, ended_by, ended_at;

-- name: of_rules
-- fleet: the caller's row-level security decides which there are
SELECT
    x.id, x.rule, x.partner_id, x.organization_id, x.kind, x.reason, x.began_by, x.began_at,
    x.ended_by, x.ended_at, o.name AS organization_name
FROM rule_exclusions x
LEFT JOIN organizations o ON o.id = x.organization_id
WHERE x.rule = ANY (:rules::uuid[])
    AND (x.ended_at IS NULL OR :ended)
ORDER BY x.began_at DESC, x.id;

-- name: get
-- fleet: the caller's row-level security decides which there are
SELECT
    x.id, x.rule, x.partner_id, x.organization_id, x.kind, x.reason, x.began_by, x.began_at,
    x.ended_by, x.ended_at
FROM rule_exclusions x
WHERE x.id = :id;

-- name: page
-- fleet: operators see every tenant
SELECT
    x.id, x.rule, x.partner_id, x.organization_id, x.kind, x.reason, x.began_by, x.began_at,
    x.ended_by, x.ended_at, l.rule_id, p.name AS partner_name, o.name AS organization_name
FROM rule_exclusions x
JOIN l1_rules l ON l.id = x.rule
JOIN partners p ON p.id = x.partner_id
LEFT JOIN organizations o ON o.id = x.organization_id
WHERE (:in_force::boolean IS NULL OR :in_force = (x.ended_at IS NULL))
    AND (:before::uuid IS NULL OR x.id < :before)
    AND (:rule::uuid IS NULL OR x.rule = :rule)
ORDER BY x.id DESC
LIMIT :limit;

-- name: declined
-- What a tenant itself declined, and may take back.
SELECT x.id
FROM rule_exclusions x
WHERE x.rule = :rule
    AND x.partner_id = :partner_id
    AND x.organization_id IS NOT DISTINCT FROM :organization_id
    AND x.kind = 'declined'
    AND x.ended_at IS NULL;

-- name: tiers
SELECT DISTINCT s.healing_tier
FROM sites s
WHERE s.organization_id = :organization_id;

-- name: count_again
-- fleet: an exclusion changes which attempts count for a rule of everybody
UPDATE rule_health
SET replay = true
WHERE rule = :rule;

-- name: attempts
-- fleet: whose attempts there are is what is asked
-- The newest attempts that the detector counts, in their order; `fresh` are those it has not judged.
SELECT t.organization_id, t.partner_id, t.success, t.fresh
FROM (
    SELECT
        a.seq, a.success, a.seq > h.folded_seq AS fresh, o.id AS organization_id, o.partner_id
    FROM rule_health h
    JOIN l1_rules l ON l.id = h.rule
    JOIN rule_attempts a ON a.rule = h.rule AND a.incident_type = l.incident_type
    JOIN sites s ON s.id = a.site_id
    JOIN organizations o ON o.id = s.organization_id AND o.contributes
    LEFT JOIN (
        SELECT v.site_id, v.until FROM unheard_attempts v WHERE v.rule = :rule
    ) u ON u.site_id = a.site_id
    WHERE h.rule = :rule
        AND (a.began_at >= h.restarted_at) IS TRUE
        AND (NOT a.chaos OR :with_chaos)
        AND (u.until IS NULL OR a.began_at >= u.until)
        AND was_served(a.site_id, h.rule)
    ORDER BY a.seq DESC
    LIMIT :limit
) t
ORDER BY t.seq;

-- name: masked
-- fleet: whose attempts there are is what is asked
-- Of these, the rules of everybody with good reports that do not count: they may hide the bad ones.
SELECT l.id AS rule
FROM l1_rules l
WHERE l.id = ANY (:rules)
    AND l.source = 'platform'
    AND EXISTS (
        SELECT 1
        FROM rule_counts c
        JOIN sites s ON s.id = c.site_id
        JOIN organizations o ON o.id = s.organization_id
        WHERE c.rule = l.id
            AND c.successes > 0
            AND (
                c.incident_type <> l.incident_type
                OR NOT o.contributes
                OR NOT was_served(c.site_id, l.id)
            )
    );
