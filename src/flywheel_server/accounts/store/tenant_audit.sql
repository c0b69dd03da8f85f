-- name: list
-- Row-level security leaves what concerns the caller: their organization, or their partner.
SELECT
    e.id, e.at, e.actor_kind, e.actor, e.action, e.object_kind, e.object_id,
    s.id AS site_id, s.slug, s.name AS site_name, e.before, e.after, e.hash
FROM audit_entries e
LEFT JOIN sites s ON s.id = e.site_id
WHERE (:before::bigint IS NULL OR e.id < :before)
    AND (:site_id::uuid IS NULL OR e.site_id = :site_id)
    AND (:action::text IS NULL OR e.action = :action)
    AND (:actor_kind::text IS NULL OR e.actor_kind = :actor_kind)
    AND (
        :text::text IS NULL
        OR strpos(lower(e.actor), lower(:text)) > 0
        OR strpos(lower(e.action), lower(:text)) > 0
        OR e.action = ANY (:called::text[])
        OR strpos(lower(s.name), lower(:text)) > 0
        OR strpos(lower(e.object_kind), lower(:text)) > 0
        OR strpos(lower(e.object_id), lower(:text)) > 0
        OR strpos(lower(e.before::text), lower(:text)) > 0
        OR strpos(lower(e.after::text), lower(:text)) > 0
    )
    AND (:since::timestamptz IS NULL OR e.at >= :since)
ORDER BY e.id DESC
LIMIT :limit;
