-- name: append
INSERT INTO audit_entries (
    at, actor_kind, actor_id, actor, action, object_kind, object_id,
    partner_id, organization_id, site_id, before, after
)
VALUES (
    :now, :kind, :actor_id, :name, :action, :object_kind, :object_id, :partner_id, :organization_id,
    :site_id, :before, :after
);

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
WHERE (:before::bigint IS NULL OR e.id < :before)
    AND (:action::text IS NULL OR e.action = :action)
    AND (:object_kind::text IS NULL OR e.object_kind = :object_kind)
    AND (:object_id::text IS NULL OR e.object_id = :object_id)
    AND (:actor::text IS NULL OR e.actor = :actor)
    AND (:partner_id::uuid IS NULL OR e.partner_id = :partner_id)
    AND (:organization_id::uuid IS NULL OR e.organization_id = :organization_id)
    AND (:site_id::uuid IS NULL OR e.site_id = :site_id)
    AND (
        :text::text IS NULL
        OR strpos(lower(e.actor), lower(:text)) > 0
        OR strpos(lower(e.action), lower(:text)) > 0
        OR e.action = ANY (:called::text[])
        OR strpos(lower(e.object_kind), lower(:text)) > 0
        OR strpos(lower(e.object_id), lower(:text)) > 0
    )
    AND (
        :tenants::uuid[] IS NULL
        OR e.partner_id = ANY (:tenants)
        OR e.organization_id = ANY (:tenants)
        OR e.site_id = ANY (:tenants)
    )
    AND (:since::timestamptz IS NULL OR e.at >= :since)
    AND (:actor_kind::text IS NULL OR e.actor_kind = :actor_kind)
ORDER BY e.id DESC
LIMIT :limit;

-- name: chain
-- fleet: the chain holds every tenant's entries
SELECT e.id, e.previous_hash, e.hash, audit_hash(e) AS recomputed
FROM audit_entries e
WHERE e.id > :last
ORDER BY e.id
LIMIT :batch;

-- name: head
-- fleet: the chain holds every tenant's entries
SELECT h.id, h.hash
FROM audit_head h;
