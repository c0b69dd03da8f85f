-- name: list
-- Row-level security leaves what concerns the caller: their organization, or their partner.
SELECT
    e.id, e.at, e.actor_kind, e.actor, e.action, e.object_kind, e.object_id,
    s.id AS site_id, s.slug, s.name AS site_name, e.before, e.after, e.hash
FROM audit_entries e
LEFT JOIN sites s ON s.id = e.site_id
WHERE ($1::bigint IS NULL OR e.id < $1)
    AND ($2::uuid IS NULL OR e.site_id = $2)
    AND ($3::text IS NULL OR e.action = $3)
    AND ($4::text IS NULL OR e.actor_kind = $4)
    AND (
        $5::text IS NULL
        OR strpos(lower(e.actor), lower($5)) > 0
        OR strpos(lower(e.action), lower($5)) > 0
        OR e.action = ANY ($8::text[])
        OR strpos(lower(s.name), lower($5)) > 0
        OR strpos(lower(e.object_kind), lower($5)) > 0
        OR strpos(lower(e.object_id), lower($5)) > 0
        OR strpos(lower(e.before::text), lower($5)) > 0
        OR strpos(lower(e.after::text), lower($5)) > 0
    )
    AND ($6::timestamptz IS NULL OR e.at >= $6)
ORDER BY e.id DESC
LIMIT $7;
