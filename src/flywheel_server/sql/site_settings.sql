-- name: lock_site
SELECT s.id AS site_id, s.slug, s.name, s.healing_tier, s.organization_id, o.partner_id
FROM sites s
JOIN organizations o ON o.id = s.organization_id
WHERE s.id = $1
FOR NO KEY UPDATE OF s;

-- name: set_site
-- fleet: operators change any site
UPDATE sites
SET name = $2,
    healing_tier = $3
WHERE id = $1;

-- name: lock_mode
SELECT
    a.id, a.site_id, a.wire_id, a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at,
    a.agent_version
FROM appliances a
WHERE a.site_id = $1
    AND a.id = $2
    AND a.removed_at IS NULL
FOR NO KEY UPDATE;

-- name: set_mode
UPDATE appliances
SET desired_l2_mode = $3
WHERE site_id = $1
    AND id = $2;

-- name: sharing
SELECT o.id AS organization_id, o.partner_id, o.contributes, o.contributes_changed_at
FROM organizations o
WHERE o.id = $1;

-- name: lock_sharing
SELECT o.id AS organization_id, o.partner_id, o.contributes, o.contributes_changed_at
FROM organizations o
WHERE o.id = $1
FOR NO KEY UPDATE;

-- name: set_sharing
UPDATE organizations
SET contributes = $2,
    contributes_changed_at = $3
WHERE id = $1
RETURNING id AS organization_id, partner_id, contributes, contributes_changed_at;
