-- name: plan
-- The approved plan that a healing order came of.
SELECT
    p.id, p.incident_id, p.incident_type, p.hostname, p.platform, p.runbook_id, p.confidence,
    w.decided_at
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
WHERE w.site_id = $1
    AND w.order_id = $2;

-- name: reported
-- Whether the appliance reported the heal of this incident itself since then.
SELECT EXISTS (
    SELECT 1
    FROM executions e
    WHERE e.site_id = $1
        AND hashtextextended(e.incident_id, 0) = hashtextextended($2, 0)
        AND e.incident_id = $2
        AND e.incident_id <> ''
        AND e.level <> 'L1'
        AND e.weight = 1
        AND e.received_at >= $3
);

-- name: note
UPDATE plans
SET execution_id = $3, executed_at = $4, outcome = $5, verified = $6
WHERE site_id = $1
    AND id = $2
    AND execution_id IS NULL;

-- name: repeated
-- fleet: the loop looks after the plans of every site
-- Executions made of orders whose appliance has reported the same heal itself since.
SELECT p.site_id, p.execution_id
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
WHERE w.order_id IS NOT NULL
    AND p.created_at >= $1
    AND p.execution_id = $2 || w.order_id
    AND p.incident_id <> ''
    AND EXISTS (
        SELECT 1
        FROM executions e
        WHERE e.site_id = p.site_id
            AND hashtextextended(e.incident_id, 0) = hashtextextended(p.incident_id, 0)
            AND e.incident_id = p.incident_id
            AND e.level <> 'L1'
            AND e.weight = 1
            AND e.received_at >= w.decided_at
            AND e.execution_id <> p.execution_id
    )
ORDER BY p.site_id, p.execution_id
LIMIT $3;

-- name: verify
-- fleet: the loop looks after the orders of every site
-- What a check or a later scan says of a heal is what its order came to.
UPDATE orders o
SET outcome = p.outcome, standing = 'verified', changed_at = $2
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
WHERE w.order_id = o.id
    AND p.created_at >= $1
    AND p.verified IS NOT NULL
    AND p.outcome IN ('success', 'failure')
    AND o.reported_at IS NOT NULL
    AND (o.outcome, o.standing) IS DISTINCT FROM (p.outcome, 'verified')
RETURNING o.id;

-- name: incident_type
-- What an incident is about, by the id that an appliance or this server knows it by.
SELECT found.incident_type
FROM (
    SELECT p.incident_type, p.created_at AS at
    FROM plans p
    WHERE p.site_id = $1
        AND hashtextextended(p.incident_id, 0) = hashtextextended($2, 0)
        AND p.incident_id = $2
    UNION ALL
    SELECT i.check_type, i.reported_at
    FROM incidents i
    WHERE i.site_id = $1
        AND i.id::text = $2
) AS found
WHERE found.incident_type <> ''
ORDER BY found.at DESC
LIMIT 1;
