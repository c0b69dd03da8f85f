-- name: names
-- fleet: operators see every tenant
SELECT p.id, p.name FROM partners p WHERE p.id = ANY ($1::uuid[])
UNION ALL
SELECT o.id, o.name FROM organizations o WHERE o.id = ANY ($1::uuid[])
UNION ALL
SELECT s.id, s.name FROM sites s WHERE s.id = ANY ($1::uuid[]);

-- name: called
-- fleet: operators see every tenant
SELECT t.id
FROM (
    SELECT p.id FROM partners p WHERE $1 = 'partner' AND lower(p.name) = lower($2)
    UNION
    SELECT o.id FROM organizations o WHERE $1 = 'organization' AND lower(o.name) = lower($2)
    UNION
    SELECT s.id
    FROM sites s
    WHERE $1 = 'site' AND (s.slug = $2 OR lower(s.name) = lower($2))
) t
ORDER BY t.id
LIMIT 2;

-- name: some
-- fleet: operators see every tenant
(SELECT p.name FROM partners p ORDER BY p.id LIMIT $1)
UNION
(SELECT o.name FROM organizations o ORDER BY o.id LIMIT $1)
UNION
(SELECT s.slug AS name FROM sites s ORDER BY s.slug LIMIT $1)
ORDER BY name;
