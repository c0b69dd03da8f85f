-- name: insert
INSERT INTO plan_approvals (plan_id, site_id, created_at, deadline_at)
VALUES (:plan_id, :site_id, :now, :deadline_at);

-- name: lock
-- fleet: the caller's row-level security decides which plans there are
SELECT
    w.plan_id, w.site_id, s.slug, s.name AS site_name, s.healing_tier, s.organization_id,
    o.partner_id, o.name AS organization_name, p.appliance_id, d.wire_id, p.incident_id,
    p.incident_type, p.hostname, p.severity, p.platform, p.input, p.planner, p.basis, p.runbook_id,
    b.name AS runbook_name, b.executable, p.confidence, p.reasoning, w.created_at, w.deadline_at,
    CASE WHEN w.state = 'waiting' AND w.deadline_at <= :now THEN 'expired'
    ELSE w.state END AS state,
    -- Of the appliance that asked, else of any of the site's: each may be chosen to run it.
    ARRAY(
        SELECT DISTINCT v.agent_version
        FROM appliances v
        WHERE v.site_id = w.site_id
            AND (p.appliance_id IS NULL OR v.id = p.appliance_id)
        ORDER BY v.agent_version
    ) AS agent_versions,
    w.decided_at, w.decided_by, w.notes, w.order_id, q.state AS order_state,
    q.outcome AS order_outcome, q.standing AS order_standing, q.proof_source, q.proof_reference,
    q.proof_seen_at, q.handed_out_at, p.execution_id, p.executed_at, p.outcome, p.verified
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
JOIN runbooks b ON b.runbook_id = p.runbook_id
JOIN sites s ON s.id = w.site_id
JOIN organizations o ON o.id = s.organization_id
LEFT JOIN appliances d ON d.id = p.appliance_id
LEFT JOIN orders q ON q.id = w.order_id
WHERE w.plan_id = :plan_id
FOR NO KEY UPDATE OF w;

-- name: decide
-- Guarded: it is decided once.
UPDATE plan_approvals
SET
    state = :state,
    decided_at = :now,
    decided_by_kind = :by_kind,
    decided_by_id = :by_id,
    decided_by = :by,
    notes = :notes,
    order_id = :order_id
WHERE site_id = :site_id
    AND plan_id = :plan_id
    AND state = 'waiting'
    AND deadline_at > :now
RETURNING plan_id;

-- name: page
-- fleet: the caller's row-level security decides which plans there are
SELECT
    w.plan_id, w.site_id, s.slug, s.name AS site_name, s.healing_tier, s.organization_id,
    o.partner_id, o.name AS organization_name, p.appliance_id, d.wire_id, p.incident_id,
    p.incident_type, p.hostname, p.severity, p.platform, p.input, p.planner, p.basis, p.runbook_id,
    b.name AS runbook_name, b.executable, p.confidence, p.reasoning, w.created_at, w.deadline_at,
    CASE WHEN w.state = 'waiting' AND w.deadline_at <= :now THEN 'expired'
    ELSE w.state END AS state,
    -- Of the appliance that asked, else of any of the site's: each may be chosen to run it.
    ARRAY(
        SELECT DISTINCT v.agent_version
        FROM appliances v
        WHERE v.site_id = w.site_id
            AND (p.appliance_id IS NULL OR v.id = p.appliance_id)
        ORDER BY v.agent_version
    ) AS agent_versions,
    w.decided_at, w.decided_by, w.notes, w.order_id, q.state AS order_state,
    q.outcome AS order_outcome, q.standing AS order_standing, q.proof_source, q.proof_reference,
    q.proof_seen_at, q.handed_out_at, p.execution_id, p.executed_at, p.outcome, p.verified
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
JOIN runbooks b ON b.runbook_id = p.runbook_id
JOIN sites s ON s.id = w.site_id
JOIN organizations o ON o.id = s.organization_id
LEFT JOIN appliances d ON d.id = p.appliance_id
LEFT JOIN orders q ON q.id = w.order_id
-- Ids are in the order of their making: :oldest_first says which end comes first.
WHERE (:behind::uuid IS NULL OR CASE WHEN :oldest_first::boolean THEN w.plan_id > :behind
    ELSE w.plan_id < :behind END)
    AND (:site_id::uuid IS NULL OR w.site_id = :site_id)
    AND (
        :state::text IS NULL
        OR CASE WHEN w.state = 'waiting' AND w.deadline_at <= :now THEN 'expired'
            ELSE w.state END = :state
    )
    AND (:plan_id::uuid IS NULL OR w.plan_id = :plan_id)
    AND (
        :text::text IS NULL
        OR strpos(lower(p.incident_type), lower(:text)) > 0
        OR strpos(lower(p.incident_id), lower(:text)) > 0
        OR strpos(lower(p.hostname), lower(:text)) > 0
        OR strpos(lower(p.runbook_id), lower(:text)) > 0
        OR strpos(lower(b.name), lower(:text)) > 0
        OR strpos(lower(s.slug), lower(:text)) > 0
        OR strpos(lower(s.name), lower(:text)) > 0
        OR strpos(lower(o.name), lower(:text)) > 0
    )
ORDER BY CASE WHEN :oldest_first THEN w.plan_id END, w.plan_id DESC
LIMIT :limit;

-- name: waiting
-- fleet: the caller's row-level security decides which plans there are
SELECT count(*) AS plans, min(w.deadline_at) AS next_deadline_at
FROM plan_approvals w
WHERE w.state = 'waiting'
    AND w.deadline_at > :now;

-- name: expire_due
-- fleet: deadlines are the same for every site
UPDATE plan_approvals
SET state = 'expired', decided_at = :now
WHERE state = 'waiting'
    AND deadline_at <= :now
RETURNING plan_id;
