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
    o.role AS operator_role
FROM api_keys k
LEFT JOIN sites s ON s.id = k.site_id
LEFT JOIN operators o ON o.id = k.operator_id
WHERE k.digest = $1
    AND k.revoked_at IS NULL
    AND o.disabled_at IS NULL;
