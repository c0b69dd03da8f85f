-- name: names
-- fleet: operators see every tenant
SELECT p.id, p.name FROM partners p WHERE p.id = ANY (:ids::uuid[])
UNION ALL
SELECT o.id, o.name FROM organizations o WHERE o.id = ANY (:ids::uuid[])
UNION ALL
SELECT s.id, s.name FROM sites s WHERE s.id = ANY (:ids::uuid[]);

-- name: called
-- fleet: operators see every tenant
SELECT t.id
FROM (
    SELECT p.id FROM partners p WHERE :kind = 'partner' AND lower(p.name) = lower(:name)
    UNION
    SELECT o.id FROM organizations o WHERE :kind = 'organization' AND lower(o.name) = lower(:name)
    UNION
    SELECT s.id
    FROM sites s
    WHERE :kind = 'site' AND (s.slug = :name OR lower(s.name) = lower(:name))
) t
ORDER BY t.id
LIMIT 2;

-- name: some
-- fleet: operators see every tenant
(SELECT p.name FROM partners p ORDER BY p.id LIMIT :limit)
UNION
(SELECT o.name FROM organizations o ORDER BY o.id LIMIT :limit)
UNION
(SELECT s.slug AS name FROM sites s ORDER BY s.slug LIMIT :limit)
ORDER BY name;
