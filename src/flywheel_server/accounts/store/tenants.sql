-- name: names
-- fleet: operators see who everybody is
-- What these partners, organizations and sites are called.
SELECT p.id, p.name
FROM partners p
WHERE p.id = ANY (:wanted::uuid[])
UNION ALL
SELECT o.id, o.name
FROM organizations o
WHERE o.id = ANY (:wanted::uuid[])
UNION ALL
SELECT s.id, s.name
FROM sites s
WHERE s.id = ANY (:wanted::uuid[]);

-- name: named
-- fleet: operators look among all of them
-- The partners, organizations and sites with this in their names; at most :most_named of each.
(
    SELECT p.id
    FROM partners p
    WHERE strpos(lower(p.name), lower(:text)) > 0
    ORDER BY p.id
    LIMIT :most_named
)
UNION ALL
(
    SELECT o.id
    FROM organizations o
    WHERE strpos(lower(o.name), lower(:text)) > 0
    ORDER BY o.id
    LIMIT :most_named
)
UNION ALL
(
    SELECT s.id
    FROM sites s
    WHERE strpos(lower(s.name), lower(:text)) > 0
        OR strpos(lower(s.slug), lower(:text)) > 0
    ORDER BY s.id
    LIMIT :most_named
);

-- name: of_partners
-- fleet: operators see the size of every partner
SELECT
    p.id,
    (SELECT count(*) FROM organizations o WHERE o.partner_id = p.id) AS organizations,
    (
        SELECT count(*)
        FROM sites s
        JOIN organizations o ON o.id = s.organization_id
        WHERE o.partner_id = p.id
    ) AS sites,
    (
        SELECT count(*) FROM users u WHERE u.partner_id = p.id AND u.disabled_at IS NULL
    ) AS people
FROM partners p
WHERE p.id = ANY (:ids::uuid[]);

-- name: of_organizations
-- fleet: operators see the size of every organization
SELECT
    o.id,
    0::bigint AS organizations,
    (SELECT count(*) FROM sites s WHERE s.organization_id = o.id) AS sites,
    (
        SELECT count(*) FROM users u WHERE u.organization_id = o.id AND u.disabled_at IS NULL
    ) AS people
FROM organizations o
WHERE o.id = ANY (:ids::uuid[]);

-- name: appliances
-- fleet: operators bind keys to the appliances of any site
SELECT a.site_id, a.wire_id, a.hostname
FROM appliances a
WHERE a.site_id = :site_id
    AND a.removed_at IS NULL
ORDER BY a.wire_id
LIMIT :limit;
