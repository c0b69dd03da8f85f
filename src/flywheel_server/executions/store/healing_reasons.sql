-- name: rules
-- The rule that each of these L1 executions leads to, and the decision that first approved it.
SELECT
    q.place, l.id, l.rule_id, l.name, l.source, l.scope, l.tier, l.created_at,
    b.name AS runbook_name, d.tier AS approved_tier, d.actor_name AS approved_by,
    d.decided_at AS approved_at, COALESCE(l.label, d.custom_name) AS custom_name, d.evidence
FROM unnest(:site_ids::uuid[], :incident_types::text[], :reported_ids::text[])
    WITH ORDINALITY AS q (site_id, incident_type, reported_id, place)
CROSS JOIN LATERAL resolved_rule(q.site_id, q.incident_type, q.reported_id) r
JOIN l1_rules l ON l.id = r.rule
LEFT JOIN runbooks b ON b.runbook_id = l.runbook_id
LEFT JOIN LATERAL (
    SELECT n.tier, n.actor_name, n.decided_at, n.custom_name, n.evidence
    FROM promotions n
    WHERE n.rule = l.id
        AND n.site_id = q.site_id
        AND n.decision = 'approved'
    ORDER BY n.decided_at, n.id
    LIMIT 1
) d ON true;

-- name: plans
-- The plan that each of these executions came of, and who approved it where it had to wait.
SELECT q.place, p.planner, w.decided_by, w.decided_by_kind, w.decided_at
FROM unnest(:site_ids::uuid[], :incident_ids::text[], :execution_ids::text[])
    WITH ORDINALITY AS q (site_id, incident_id, execution_id, place)
JOIN LATERAL (
    SELECT t.id, t.site_id, t.planner
    FROM plans t
    WHERE t.site_id = q.site_id
        AND hashtextextended(t.incident_id, 0) = hashtextextended(q.incident_id, 0)
        AND t.incident_id = q.incident_id
        AND t.execution_id = q.execution_id
    ORDER BY t.created_at DESC
    LIMIT 1
) p ON true
LEFT JOIN plan_approvals w
    ON w.plan_id = p.id AND w.site_id = p.site_id AND w.state = 'approved';

-- name: runbooks
-- fleet: the catalogue of runbooks is one for the platform
SELECT b.runbook_id, b.name
FROM runbooks b
WHERE b.runbook_id = ANY (:ids::text[]);
