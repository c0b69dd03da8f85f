-- name: insert
INSERT INTO plan_approvals (plan_id, site_id, created_at, deadline_at)
VALUES ($1, $2, $3, $4);

-- name: lock
-- fleet: the caller's row-level security decides which plans there are
SELECT
    w.plan_id, w.site_id, s.slug, s.name AS site_name, s.healing_tier, s.organization_id,
    o.partner_id, o.name AS organization_name, p.appliance_id, d.wire_id, p.incident_id,
    p.incident_type, p.hostname, p.severity, p.platform, p.input, p.planner, p.basis, p.runbook_id,
    b.name AS runbook_name, b.executable, p.confidence, p.reasoning, w.created_at, w.deadline_at,
    CASE WHEN w.state = 'waiting' AND w.deadline_at <= $2 THEN 'expired' ELSE w.state END AS state,
    -- Of the appliance that asked, else of any of the site's: each may be chosen to run it.
    ARRAY(
        SELECT DISTINCT v.agent_version
        FROM appliances v
        WHERE v.site_id = w.site_id
            AND (p.appliance_id IS NULL OR v.id = p.appliance_id)
        ORDER BY v.agent_version
    ) AS agent_versions,
    w.decided_at, w.decided_by, w.notes, w.order_id, q.state AS order_state,
    q.outcome AS order_outcome, q.standing AS order_standing, q.handed_out_at, p.execution_id,
    p.executed_at, p.outcome, p.verified
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
JOIN runbooks b ON b.runbook_id = p.runbook_id
JOIN sites s ON s.id = w.site_id
JOIN organizations o ON o.id = s.organization_id
LEFT JOIN appliances d ON d.id = p.appliance_id
LEFT JOIN orders q ON q.id = w.order_id
WHERE w.plan_id = $1
FOR NO KEY UPDATE OF w;

-- name: decide
-- Guarded: it is decided once.
UPDATE plan_approvals
SET
    state = $3,
    decided_at = $4,
    decided_by_kind = $5,
    decided_by_id = $6,
    decided_by = $7,
    notes = $8,
    order_id = $9
WHERE site_id = $1
    AND plan_id = $2
    AND state = 'waiting'
    AND deadline_at > $4
RETURNING plan_id;

-- name: page
-- fleet: the caller's row-level security decides which plans there are
SELECT
    w.plan_id, w.site_id, s.slug, s.name AS site_name, s.healing_tier, s.organization_id,
    o.partner_id, o.name AS organization_name, p.appliance_id, d.wire_id, p.incident_id,
    p.incident_type, p.hostname, p.severity, p.platform, p.input, p.planner, p.basis, p.runbook_id,
    b.name AS runbook_name, b.executable, p.confidence, p.reasoning, w.created_at, w.deadline_at,
    CASE WHEN w.state = 'waiting' AND w.deadline_at <= $1 THEN 'expired' ELSE w.state END AS state,
    -- Of the appliance that asked, else of any of the site's: each may be chosen to run it.
    ARRAY(
        SELECT DISTINCT v.agent_version
        FROM appliances v
        WHERE v.site_id = w.site_id
            AND (p.appliance_id IS NULL OR v.id = p.appliance_id)
        ORDER BY v.agent_version
    ) AS agent_versions,
    w.decided_at, w.decided_by, w.notes, w.order_id, q.state AS order_state,
    q.outcome AS order_outcome, q.standing AS order_standing, q.handed_out_at, p.execution_id,
    p.executed_at, p.outcome, p.verified
FROM plan_approvals w
JOIN plans p ON p.id = w.plan_id
JOIN runbooks b ON b.runbook_id = p.runbook_id
JOIN sites s ON s.id = w.site_id
JOIN organizations o ON o.id = s.organization_id
LEFT JOIN appliances d ON d.id = p.appliance_id
LEFT JOIN orders q ON q.id = w.order_id
-- Ids are in the order of their making: $8 says which end comes first.
WHERE ($2::uuid IS NULL OR CASE WHEN $8::boolean THEN w.plan_id > $2 ELSE w.plan_id < $2 END)
    AND ($3::uuid IS NULL OR w.site_id = $3)
    AND (
        $4::text IS NULL
        OR CASE WHEN w.state = 'waiting' AND w.deadline_at <= $1 THEN 'expired' ELSE w.state END = $4
    )
    AND ($6::uuid IS NULL OR w.plan_id = $6)
    AND (
        $7::text IS NULL
        OR strpos(lower(p.incident_type), lower($7)) > 0
        OR strpos(lower(p.incident_id), lower($7)) > 0
        OR strpos(lower(p.hostname), lower($7)) > 0
        OR strpos(lower(p.runbook_id), lower($7)) > 0
        OR strpos(lower(b.name), lower($7)) > 0
        OR strpos(lower(s.slug), lower($7)) > 0
        OR strpos(lower(s.name), lower($7)) > 0
        OR strpos(lower(o.name), lower($7)) > 0
    )
ORDER BY CASE WHEN $8 THEN w.plan_id END, w.plan_id DESC
LIMIT $5;

-- name: waiting
-- fleet: the caller's row-level security decides which plans there are
SELECT count(*) AS plans, min(w.deadline_at) AS next_deadline_at
FROM plan_approvals w
WHERE w.state = 'waiting'
    AND w.deadline_at > $1;

-- name: expire_due
-- fleet: deadlines are the same for every site
UPDATE plan_approvals
SET state = 'expired', decided_at = $1
WHERE state = 'waiting'
    AND deadline_at <= $1
RETURNING plan_id;
