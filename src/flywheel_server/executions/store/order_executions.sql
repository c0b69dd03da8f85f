-- name: plan
-- The approved plan that a healing order came of.
SELECT
    p.id, p.incident_id, p.incident_type, p.hostname, p.platform, p.runbook_id, p.confidence,
    w.decided_at
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
WHERE w.site_id = :site_id
    AND w.order_id = :order_id;

-- name: reported
-- Whether the appliance reported the heal of this incident itself since then.
SELECT EXISTS (
    SELECT 1
    FROM executions e
    WHERE e.site_id = :site_id
        AND hashtextextended(e.incident_id, 0) = hashtextextended(:incident_id, 0)
        AND e.incident_id = :incident_id
        AND e.incident_id <> ''
        AND e.level <> 'L1'
        AND e.weight = 1
        AND e.received_at >= :since
);

-- name: note
UPDATE plans
SET execution_id = :execution_id, executed_at = :now, outcome = :outcome, verified = :verified
WHERE site_id = :site_id
    AND id = :plan_id
    AND execution_id IS NULL;

-- name: repeated
-- fleet: the loop looks after the plans of every site
-- Executions made of orders whose appliance has reported the same heal itself since.
SELECT p.site_id, p.execution_id
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
WHERE w.order_id IS NOT NULL
    AND p.created_at >= :made_since
    AND p.execution_id = :prefix || w.order_id
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
LIMIT :limit;

-- name: verify
-- fleet: the loop looks after the orders of every site
-- What a check of the agent, or a look at the heal that it reported itself, says of a plan is what its
-- order came to, unless a look at the order decided first.
UPDATE orders o
SET outcome = p.outcome,
    standing = 'verified',
    proof_source = h.source,
    proof_reference = h.reference,
    proof_seen_at = h.seen_at,
    changed_at = :now
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
LEFT JOIN LATERAL (
    SELECT h.source, h.reference, h.seen_at
    FROM heal_proofs h
    WHERE h.site_id = p.site_id
        AND h.execution_id = p.execution_id
        AND h.passed = (p.outcome = 'success')
    ORDER BY h.revision DESC
    LIMIT 1
) h ON true
WHERE w.order_id = o.id
    AND p.created_at >= :made_since
    AND p.verified IS NOT NULL
    AND p.outcome IN ('success', 'failure')
    AND o.reported_at IS NOT NULL
    AND o.proof_seen_at IS NULL
    AND (o.outcome, o.standing, o.proof_seen_at)
        IS DISTINCT FROM (p.outcome, 'verified', h.seen_at)
RETURNING o.id;

-- name: incident
-- What an incident is about, and on which host, by the id that an appliance or this server knows.
SELECT found.incident_type, COALESCE(found.hostname, '') AS hostname
FROM (
    SELECT p.incident_type, p.hostname, p.created_at AS at
    FROM plans p
    WHERE p.site_id = :site_id
        AND hashtextextended(p.incident_id, 0) = hashtextextended(:incident_id, 0)
        AND p.incident_id = :incident_id
    UNION ALL
    SELECT i.check_type, i.hostname, i.reported_at
    FROM incidents i
    WHERE i.site_id = :site_id
        AND i.id::text = :incident_id
) AS found
WHERE found.incident_type <> ''
ORDER BY found.at DESC
LIMIT 1;
