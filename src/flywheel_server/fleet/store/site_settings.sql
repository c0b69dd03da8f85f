-- name: lock_site
SELECT s.id AS site_id, s.slug, s.name, s.healing_tier, s.organization_id, o.partner_id
FROM sites s
JOIN organizations o ON o.id = s.organization_id
WHERE s.id = :site_id
FOR NO KEY UPDATE OF s;

-- name: set_site
-- fleet: operators change any site
UPDATE sites
SET name = :name,
    healing_tier = :healing_tier
WHERE id = :site_id;

-- name: lock_mode
SELECT
    a.id, a.site_id, a.wire_id, a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at,
    a.agent_version
FROM appliances a
WHERE a.site_id = :site_id
    AND a.id = :appliance_id
    AND a.removed_at IS NULL
FOR NO KEY UPDATE;

-- name: set_mode
UPDATE appliances
SET desired_l2_mode = :mode
WHERE site_id = :site_id
    AND id = :appliance_id;

-- name: sharing
SELECT o.id AS organization_id, o.partner_id, o.contributes, o.contributes_changed_at
FROM organizations o
WHERE o.id = :organization_id;

-- name: lock_sharing
SELECT o.id AS organization_id, o.partner_id, o.contributes, o.contributes_changed_at
FROM organizations o
WHERE o.id = :organization_id
FOR NO KEY UPDATE;

-- name: set_sharing
UPDATE organizations
SET contributes = :contributes,
    contributes_changed_at = :now
WHERE id = :organization_id
RETURNING id AS organization_id, partner_id, contributes, contributes_changed_at;
