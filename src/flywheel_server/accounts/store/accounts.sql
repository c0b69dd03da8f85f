-- name: find_key
-- fleet: authentication does not know yet whose key it is
SELECT
    k.id,
    k.site_id,
    s.slug,
    k.appliance_id,
    k.partner_id,
    k.label,
    k.operator_id,
    o.email,
    o.role AS operator_role,
    -- Those heard of lately; one that is gone for good casts no doubt on the others, and neither does
    -- one with a key of its own, which does not report by a shared one.
    CASE WHEN k.site_id IS NOT NULL THEN ARRAY(
        SELECT DISTINCT a.agent_version
        FROM appliances a
        WHERE a.site_id = k.site_id
            AND (k.appliance_id IS NULL OR a.id = k.appliance_id)
            AND a.removed_at IS NULL
            AND a.last_seen_at >= now() - interval '30 days'
            AND (
                k.appliance_id IS NOT NULL
                OR NOT EXISTS (
                    SELECT 1
                    FROM api_keys b
                    WHERE b.site_id = a.site_id
                        AND b.appliance_id = a.id
                        AND b.revoked_at IS NULL
                )
            )
        ORDER BY a.agent_version
        LIMIT 100
    ) END AS versions
FROM api_keys k
LEFT JOIN sites s ON s.id = k.site_id
LEFT JOIN operators o ON o.id = k.operator_id
WHERE k.digest = :digest
    AND k.revoked_at IS NULL
    AND o.disabled_at IS NULL;

-- name: keys_after
-- fleet: a process learns the keys of every tenant when it starts
SELECT
    k.digest,
    k.id,
    k.site_id,
    s.slug,
    k.appliance_id,
    k.partner_id,
    k.label,
    k.operator_id,
    o.email,
    o.role AS operator_role,
    -- Those heard of lately; one that is gone for good casts no doubt on the others, and neither does
    -- one with a key of its own, which does not report by a shared one.
    CASE WHEN k.site_id IS NOT NULL THEN ARRAY(
        SELECT DISTINCT a.agent_version
        FROM appliances a
        WHERE a.site_id = k.site_id
            AND (k.appliance_id IS NULL OR a.id = k.appliance_id)
            AND a.removed_at IS NULL
            AND a.last_seen_at >= now() - interval '30 days'
            AND (
                k.appliance_id IS NOT NULL
                OR NOT EXISTS (
                    SELECT 1
                    FROM api_keys b
                    WHERE b.site_id = a.site_id
                        AND b.appliance_id = a.id
                        AND b.revoked_at IS NULL
                )
            )
        ORDER BY a.agent_version
        LIMIT 100
    ) END AS versions
FROM api_keys k
LEFT JOIN sites s ON s.id = k.site_id
LEFT JOIN operators o ON o.id = k.operator_id
WHERE k.digest > :after
    AND k.revoked_at IS NULL
    AND o.disabled_at IS NULL
ORDER BY k.digest
LIMIT :limit;

-- name: insert_partner
-- fleet: a new partner belongs to nobody yet
INSERT INTO partners (name, created_at)
VALUES (:name, :now)
RETURNING id, name, created_at;

-- name: get_partner
-- fleet: operators see all partners
SELECT p.id, p.name, p.created_at
FROM partners p
WHERE p.id = :partner_id;

-- name: list_partners
-- fleet: operators see all partners
SELECT p.id, p.name, p.created_at
FROM partners p
WHERE (:after::uuid IS NULL OR p.id > :after)
    AND (:text::text IS NULL OR strpos(lower(p.name), lower(:text)) > 0)
ORDER BY p.id
LIMIT :limit;

-- name: insert_organization
INSERT INTO organizations (partner_id, name, contributes_changed_at, created_at)
VALUES (:partner_id, :name, :now, :now)
RETURNING id, partner_id, name, contributes, contributes_changed_at, created_at;

-- name: get_organization
-- fleet: operators see all organizations
SELECT o.id, o.partner_id, o.name, o.contributes, o.contributes_changed_at, o.created_at
FROM organizations o
WHERE o.id = :organization_id;

-- name: lock_organization
-- fleet: operators change any organization
SELECT o.id, o.partner_id, o.name, o.contributes, o.contributes_changed_at, o.created_at
FROM organizations o
WHERE o.id = :organization_id
FOR NO KEY UPDATE;

-- name: update_organization
-- fleet: operators change any organization
UPDATE organizations
SET
    name = :name,
    contributes = :contributes,
    contributes_changed_at = CASE WHEN contributes = :contributes THEN contributes_changed_at
    ELSE :now END
WHERE id = :organization_id
RETURNING id, partner_id, name, contributes, contributes_changed_at, created_at;

-- name: list_organizations
SELECT o.id, o.partner_id, o.name, o.contributes, o.contributes_changed_at, o.created_at
FROM organizations o
WHERE (:after::uuid IS NULL OR o.id > :after)
    AND (:partner_id::uuid IS NULL OR o.partner_id = :partner_id)
    AND (:text::text IS NULL OR strpos(lower(o.name), lower(:text)) > 0)
ORDER BY o.id
LIMIT :limit;

-- name: insert_site
INSERT INTO sites (organization_id, slug, name, healing_tier, created_at)
VALUES (:organization_id, :slug, :name, :healing_tier, :now)
RETURNING id;

-- name: get_site
SELECT
    s.id,
    s.slug,
    s.organization_id,
    o.partner_id,
    s.name,
    s.healing_tier,
    s.created_at
FROM sites s
JOIN organizations o ON o.id = s.organization_id
WHERE s.id = :site_id;

-- name: find_site
-- A uuid is never a slug, so that at most one site answers to a text.
SELECT
    s.id,
    s.slug,
    s.organization_id,
    o.partner_id,
    s.name,
    s.healing_tier,
    s.created_at
FROM sites s
JOIN organizations o ON o.id = s.organization_id
WHERE s.slug = :text;

-- name: list_sites
SELECT
    s.id,
    s.slug,
    s.organization_id,
    o.partner_id,
    s.name,
    s.healing_tier,
    s.created_at
FROM sites s
JOIN organizations o ON o.id = s.organization_id
WHERE (:after::uuid IS NULL OR s.id > :after)
    AND (:partner_id::uuid IS NULL OR o.partner_id = :partner_id)
    AND (:organization_id::uuid IS NULL OR s.organization_id = :organization_id)
    AND (
        :text::text IS NULL
        OR strpos(lower(s.slug), lower(:text)) > 0
        OR strpos(lower(s.name), lower(:text)) > 0
        OR strpos(lower(o.name), lower(:text)) > 0
        OR strpos(replace(s.healing_tier, '_', ' '), lower(:text)) > 0
    )
ORDER BY s.id
LIMIT :limit;

-- name: find_appliance
-- The last condition takes the form with hyphens for colons that some agents send.
SELECT a.id
FROM appliances a
WHERE a.site_id = :site_id
    AND a.removed_at IS NULL
    AND (a.wire_id = :text OR a.id::text = lower(:text) OR replace(a.wire_id, ':', '-') = :text)
ORDER BY (a.wire_id = :text) DESC
LIMIT 1;

-- name: insert_operator
-- fleet: operators belong to the platform
INSERT INTO operators (email, role, created_at)
VALUES (:email, :role, :now)
RETURNING id, email, role, created_at, disabled_at;

-- name: lock_operator
-- fleet: operators belong to the platform
SELECT o.id, o.email, o.role, o.created_at, o.disabled_at
FROM operators o
WHERE lower(o.email) = lower(:email)
FOR NO KEY UPDATE;

-- name: disable_operator
-- fleet: operators belong to the platform
UPDATE operators
SET disabled_at = :now
WHERE id = :operator_id
    AND disabled_at IS NULL
RETURNING id;

-- name: enable_operator
-- fleet: operators belong to the platform
UPDATE operators
SET disabled_at = NULL
WHERE id = :operator_id
    AND disabled_at IS NOT NULL
RETURNING id;

-- name: set_operator_role
-- fleet: operators belong to the platform
UPDATE operators
SET role = :role
WHERE id = :operator_id;

-- name: hold_admins
-- fleet: operators belong to the platform
-- One order for everybody who takes an admin away, so that two cannot take the last ones.
SELECT o.id
FROM operators o
WHERE o.role = 'admin'
    AND o.disabled_at IS NULL
ORDER BY o.id
FOR NO KEY UPDATE;

-- name: list_operators
-- fleet: operators belong to the platform
SELECT o.id, o.email, o.role, o.created_at, o.disabled_at
FROM operators o
WHERE (:after::uuid IS NULL OR o.id > :after)
ORDER BY o.id
LIMIT :limit;
