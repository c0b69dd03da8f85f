-- name: insert
INSERT INTO api_keys (site_id, appliance_id, partner_id, operator_id, label, digest, created_at)
VALUES (:site_id, :appliance_id, :partner_id, :operator_id, :label, :digest, :now)
RETURNING id, site_id, appliance_id, partner_id, operator_id, label, created_at, revoked_at;

-- name: lock
-- fleet: operators revoke any key
SELECT
    k.id,
    k.site_id,
    k.appliance_id,
    k.partner_id,
    k.operator_id,
    k.label,
    k.created_at,
    k.revoked_at
FROM api_keys k
WHERE k.id = :key_id
FOR NO KEY UPDATE;

-- name: lock_of_partner
SELECT
    k.id,
    k.site_id,
    k.appliance_id,
    k.partner_id,
    k.operator_id,
    k.label,
    k.created_at,
    k.revoked_at
FROM api_keys k
WHERE k.partner_id = :partner_id
    AND k.id = :key_id
FOR NO KEY UPDATE;

-- name: revoke
-- fleet: of any tenant; whoever revokes has locked the key within their own
UPDATE api_keys
SET revoked_at = :now
WHERE id = :key_id
    AND revoked_at IS NULL
RETURNING digest;

-- name: revoke_of_operator
-- fleet: operators belong to the platform
UPDATE api_keys
SET revoked_at = :now
WHERE operator_id = :operator_id
    AND revoked_at IS NULL
RETURNING digest;

-- name: digests_of_operator
-- fleet: operators belong to the platform
SELECT k.digest
FROM api_keys k
WHERE k.operator_id = :operator_id
    AND k.revoked_at IS NULL;

-- name: list
SELECT
    k.id,
    s.slug,
    a.wire_id,
    k.partner_id,
    k.operator_id,
    k.label,
    k.created_at,
    k.revoked_at
FROM api_keys k
LEFT JOIN sites s ON s.id = k.site_id
LEFT JOIN appliances a ON a.id = k.appliance_id
WHERE (:after::uuid IS NULL OR k.id > :after)
    AND (:site_id::uuid IS NULL OR k.site_id = :site_id)
    AND (:partner_id::uuid IS NULL OR k.partner_id = :partner_id)
    AND (
        :text::text IS NULL
        OR strpos(lower(k.label), lower(:text)) > 0
        OR strpos(k.id::text, lower(:text)) > 0
        OR strpos(lower(a.wire_id), lower(:text)) > 0
        OR CASE WHEN k.revoked_at IS NULL THEN 'valid' ELSE 'revoked' END = ANY (:called::text[])
    )
ORDER BY k.id
LIMIT :limit;

-- name: list_of_partner
SELECT
    k.id,
    k.site_id,
    k.appliance_id,
    k.partner_id,
    k.operator_id,
    k.label,
    k.created_at,
    k.revoked_at
FROM api_keys k
WHERE k.partner_id = :partner_id
    AND (:after::uuid IS NULL OR k.id > :after)
    AND (
        :text::text IS NULL
        OR strpos(lower(k.label), lower(:text)) > 0
        OR strpos(k.id::text, lower(:text)) > 0
        OR CASE WHEN k.revoked_at IS NULL THEN 'valid' ELSE 'revoked' END = ANY (:called::text[])
    )
    AND (:valid::boolean IS NULL OR (k.revoked_at IS NULL) = :valid)
ORDER BY k.id
LIMIT :limit;
