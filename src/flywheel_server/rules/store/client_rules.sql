-- name: page
-- The newest first: what was learnt lately stands before what came with the server. Row-level
-- security leaves the rules in scope of the caller's sites; those of a tier that no site has are
-- left out. The rows are chosen first: what each did, at the caller's own sites alone, is counted
-- for one page only.
SELECT
    l.id, b.name AS runbook_name, s.id AS site_id, s.slug, s.name AS site_name, c.successes,
    c.failures, c.last_seen_at, d.tier AS approved_tier, d.actor_name AS approved_by,
    d.decided_at AS approved_at, COALESCE(l.label, d.custom_name) AS custom_name, d.evidence
FROM (
    SELECT r.id
    FROM l1_rules r
    LEFT JOIN runbooks k ON k.runbook_id = r.runbook_id
    WHERE (
            r.tier IS NULL
            OR r.tier = 'standard'
            OR EXISTS (SELECT 1 FROM sites t WHERE t.healing_tier = r.tier)
        )
        AND (:site_id::uuid IS NULL OR r.site_id = :site_id)
        AND (:source::text IS NULL OR r.source = :source)
        AND (:enabled::boolean IS NULL OR r.enabled = :enabled)
        AND (
            :text::text IS NULL
            OR strpos(replace(lower(r.incident_type), '_', ' '), replace(lower(:text), '_', ' '))
                > 0
            OR strpos(lower(r.rule_id), lower(:text)) > 0
            OR strpos(lower(r.name), lower(:text)) > 0
            OR strpos(lower(r.label), lower(:text)) > 0
            OR strpos(lower(k.name), lower(:text)) > 0
        )
        AND (:before::uuid IS NULL OR r.id < :before)
        AND (:id::uuid IS NULL OR r.id = :id)
    ORDER BY r.id DESC
    LIMIT :limit
) f
JOIN l1_rules l ON l.id = f.id
LEFT JOIN runbooks b ON b.runbook_id = l.runbook_id
LEFT JOIN sites s ON s.id = l.site_id
CROSS JOIN LATERAL (
    SELECT
        COALESCE(sum(n.successes), 0)::bigint AS successes,
        COALESCE(sum(n.failures), 0)::bigint AS failures,
        max(n.last_seen_at) AS last_seen_at
    FROM rule_counts n
    WHERE n.rule = l.id
) c
LEFT JOIN LATERAL (
    SELECT n.tier, n.actor_name, n.decided_at, n.custom_name, n.evidence
    FROM promotions n
    WHERE n.rule = l.id
        AND n.site_id = l.site_id
        AND n.decision = 'approved'
    ORDER BY n.decided_at, n.id
    LIMIT 1
) d ON true
ORDER BY l.id DESC;
