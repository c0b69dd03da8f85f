-- name: insert
INSERT INTO api_keys (site_id, appliance_id, partner_id, operator_id, label, digest, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
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
WHERE k.id = $1
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
WHERE k.partner_id = $1
    AND k.id = $2
FOR NO KEY UPDATE;

-- name: revoke
-- fleet: of any tenant; whoever revokes has locked the key within their own
UPDATE api_keys
SET revoked_at = $2
WHERE id = $1
    AND revoked_at IS NULL
RETURNING digest;

-- name: revoke_of_operator
-- fleet: operators belong to the platform
UPDATE api_keys
SET revoked_at = $2
WHERE operator_id = $1
    AND revoked_at IS NULL
RETURNING digest;

-- name: digests_of_operator
-- fleet: operators belong to the platform
SELECT k.digest
FROM api_keys k
WHERE k.operator_id = $1
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
WHERE ($1::uuid IS NULL OR k.id > $1)
    AND ($2::uuid IS NULL OR k.site_id = $2)
    AND ($3::uuid IS NULL OR k.partner_id = $3)
    AND (
        $5::text IS NULL
        OR strpos(lower(k.label), lower($5)) > 0
        OR strpos(k.id::text, lower($5)) > 0
        OR strpos(lower(a.wire_id), lower($5)) > 0
        OR CASE WHEN k.revoked_at IS NULL THEN 'valid' ELSE 'revoked' END = ANY ($6::text[])
    )
ORDER BY k.id
LIMIT $4;

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
WHERE k.partner_id = $1
    AND ($2::uuid IS NULL OR k.id > $2)
    AND (
        $3::text IS NULL
        OR strpos(lower(k.label), lower($3)) > 0
        OR strpos(k.id::text, lower($3)) > 0
        OR CASE WHEN k.revoked_at IS NULL THEN 'valid' ELSE 'revoked' END = ANY ($6::text[])
    )
    AND ($4::boolean IS NULL OR (k.revoked_at IS NULL) = $4)
ORDER BY k.id
LIMIT $5;
