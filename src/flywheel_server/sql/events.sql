-- name: emit
INSERT INTO events (kind, partner_id, organization_id, site_id, data, occurred_at)
SELECT
    $1,
    COALESCE(o.partner_id, $2::uuid),
    COALESCE(s.organization_id, $3::uuid),
    $4::uuid,
    $5,
    $6
FROM (VALUES (1)) AS one (row)
LEFT JOIN sites s ON s.id = $4::uuid
LEFT JOIN organizations o ON o.id = COALESCE(s.organization_id, $3::uuid)
-- A tenant that the caller cannot see is not one to speak for.
WHERE ($4 IS NULL OR s.id IS NOT NULL) AND (s.id IS NULL AND $3 IS NULL OR o.id IS NOT NULL);
