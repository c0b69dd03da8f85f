-- name: see
-- The first key of an appliance counts at once; whatever comes later waits. At most $5 of them.
INSERT INTO evidence_keys (
    site_id, appliance_id, public_key, state, seen_at, decided_at, decided_by
)
SELECT
    $1, $2, $3,
    CASE WHEN k.known = 0 THEN 'active' ELSE 'waiting' END,
    $4::timestamptz,
    CASE WHEN k.known = 0 THEN $4::timestamptz END,
    CASE WHEN k.known = 0 THEN 'its first check-in' END
FROM (
    SELECT count(*) AS known
    FROM evidence_keys e
    WHERE e.site_id = $1
        AND e.appliance_id = $2
) AS k
WHERE k.known < $5
ON CONFLICT (appliance_id, public_key) DO NOTHING
RETURNING state;

-- name: of_site
-- The keys of a site, or of one of its appliances.
SELECT k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by
FROM evidence_keys k
WHERE k.site_id = $1
    AND ($2::uuid IS NULL OR k.appliance_id = $2)
    AND ($3::text IS NULL OR k.public_key = $3)
ORDER BY k.id;

-- name: lock
-- fleet: the caller's row-level security decides which keys there are
SELECT k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by
FROM evidence_keys k
WHERE k.id = $1
FOR NO KEY UPDATE;

-- name: retire
UPDATE evidence_keys
SET state = 'replaced', decided_at = $3, decided_by = $4
WHERE site_id = $1
    AND appliance_id = $2
    AND state = 'active';

-- name: decide
UPDATE evidence_keys
SET state = $3, decided_at = $4, decided_by = $5
WHERE site_id = $1
    AND id = $2;

-- name: page
SELECT
    k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by,
    s.slug, a.wire_id
FROM evidence_keys k
JOIN sites s ON s.id = k.site_id
JOIN appliances a ON a.id = k.appliance_id
WHERE ($1::text IS NULL OR k.state = $1)
    AND ($2::uuid IS NULL OR k.site_id = $2)
    AND ($3::uuid IS NULL OR k.id > $3)
    AND (
        $4::text IS NULL
        OR strpos(lower(a.wire_id), lower($4)) > 0
        OR strpos(lower(s.slug), lower($4)) > 0
        OR strpos(lower(s.name), lower($4)) > 0
        OR strpos(k.public_key, lower($4)) > 0
    )
    AND ($5::uuid IS NULL OR k.id = $5)
ORDER BY k.id
LIMIT $6;
