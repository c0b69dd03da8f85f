-- name: append
INSERT INTO audit_entries (
    at, actor_kind, actor_id, actor, action, object_kind, object_id,
    partner_id, organization_id, site_id, before, after
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: list
SELECT
    e.id,
    e.at,
    e.actor_kind,
    e.actor_id,
    e.actor,
    e.action,
    e.object_kind,
    e.object_id,
    e.partner_id,
    e.organization_id,
    e.site_id,
    e.before,
    e.after,
    e.hash
FROM audit_entries e
WHERE ($1::bigint IS NULL OR e.id < $1)
    AND ($2::text IS NULL OR e.action = $2)
    AND ($3::text IS NULL OR e.object_kind = $3)
    AND ($4::text IS NULL OR e.object_id = $4)
    AND ($5::text IS NULL OR e.actor = $5)
    AND ($6::uuid IS NULL OR e.partner_id = $6)
    AND ($7::uuid IS NULL OR e.organization_id = $7)
    AND ($8::uuid IS NULL OR e.site_id = $8)
    AND (
        $9::text IS NULL
        OR strpos(lower(e.actor), lower($9)) > 0
        OR strpos(lower(e.action), lower($9)) > 0
        OR e.action = ANY ($14::text[])
        OR strpos(lower(e.object_kind), lower($9)) > 0
        OR strpos(lower(e.object_id), lower($9)) > 0
    )
    AND (
        $10::uuid[] IS NULL
        OR e.partner_id = ANY ($10)
        OR e.organization_id = ANY ($10)
        OR e.site_id = ANY ($10)
    )
    AND ($11::timestamptz IS NULL OR e.at >= $11)
    AND ($12::text IS NULL OR e.actor_kind = $12)
ORDER BY e.id DESC
LIMIT $13;

-- name: chain
-- fleet: the chain holds every tenant's entries
SELECT e.id, e.previous_hash, e.hash, audit_hash(e) AS recomputed
FROM audit_entries e
WHERE e.id > $1
ORDER BY e.id
LIMIT $2;

-- name: head
-- fleet: the chain holds every tenant's entries
SELECT h.id, h.hash
FROM audit_head h;
