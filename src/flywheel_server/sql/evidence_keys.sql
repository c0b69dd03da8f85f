-- name: see
-- The first key of an appliance counts at once, unless a person refused it; later ones wait. One that
-- was replaced and is shown again waits once more. At most $5 of them.
INSERT INTO evidence_keys (
    site_id, appliance_id, public_key, state, seen_at, decided_at, decided_by
)
SELECT
    $1, $2, $3,
    CASE WHEN k.counts THEN 'active' ELSE 'waiting' END,
    $4::timestamptz,
    CASE WHEN k.counts THEN $4::timestamptz END,
    CASE WHEN k.counts THEN 'its first check-in' END
FROM (
    SELECT
        count(*) AS known,
        count(*) = 0 AND NOT EXISTS (
            SELECT 1
            FROM evidence_keys r
            WHERE r.site_id = $1
                AND r.public_key = $3
                AND r.appliance_id IS NULL
                AND r.state = 'refused'
        ) AS counts
    FROM evidence_keys e
    WHERE e.site_id = $1
        AND e.appliance_id = $2
) AS k
WHERE k.known < $5
ON CONFLICT (appliance_id, public_key) DO UPDATE
SET state = 'waiting', seen_at = excluded.seen_at, decided_at = NULL, decided_by = NULL
WHERE evidence_keys.state = 'replaced'
RETURNING state;

-- name: claim
-- As if the appliance had shown it first: it counts at once where it is its first one.
UPDATE evidence_keys u
SET appliance_id = $2,
    state = CASE WHEN f.is_first THEN 'active' ELSE 'waiting' END,
    decided_at = CASE WHEN f.is_first THEN $4::timestamptz END,
    decided_by = CASE WHEN f.is_first THEN 'its first check-in' END
FROM (
    SELECT NOT EXISTS (
        SELECT 1 FROM evidence_keys e WHERE e.site_id = $1 AND e.appliance_id = $2
    ) AS is_first
) AS f
WHERE u.site_id = $1
    AND u.public_key = $3
    AND u.appliance_id IS NULL
    AND u.state = 'waiting'
    AND NOT EXISTS (
        SELECT 1 FROM evidence_keys o WHERE o.appliance_id = $2 AND o.public_key = $3
    )
RETURNING u.state;

-- name: see_unknown
-- Whether the key is kept: it was there already, or there is room for another one.
WITH made AS (
    INSERT INTO evidence_keys (site_id, public_key, state, seen_at)
    SELECT $1, $2, 'waiting', $3::timestamptz
    WHERE NOT EXISTS (
            SELECT 1 FROM evidence_keys k WHERE k.site_id = $1 AND k.public_key = $2
        )
        AND (
            SELECT count(*)
            FROM evidence_keys u
            WHERE u.site_id = $1
                AND u.appliance_id IS NULL
                AND u.state = 'waiting'
        ) < $4
    ON CONFLICT (site_id, public_key) WHERE appliance_id IS NULL DO NOTHING
    RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM made)
    OR EXISTS (SELECT 1 FROM evidence_keys k WHERE k.site_id = $1 AND k.public_key = $2);

-- name: assign
UPDATE evidence_keys
SET appliance_id = $3
WHERE site_id = $1
    AND id = $2
    AND appliance_id IS NULL;

-- name: of_site
-- The keys of a site, or of one of its appliances.
SELECT k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by
FROM evidence_keys k
WHERE k.site_id = $1
    AND ($2::uuid IS NULL OR k.appliance_id = $2)
    AND ($3::text IS NULL OR k.public_key = $3)
ORDER BY k.id;

-- name: lock
SELECT k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by
FROM evidence_keys k
WHERE k.site_id = $1
    AND k.id = $2
FOR NO KEY UPDATE;

-- name: get
SELECT k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by
FROM evidence_keys k
WHERE k.site_id = $1
    AND k.id = $2;

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
-- With what waits for each. Keys of appliances that were removed need nothing any more.
SELECT
    k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by,
    s.slug, a.wire_id, w.bundles, w.size_bytes
FROM evidence_keys k
JOIN sites s ON s.id = k.site_id
LEFT JOIN appliances a ON a.id = k.appliance_id
CROSS JOIN LATERAL (
    SELECT count(*) AS bundles, COALESCE(sum(e.size_bytes), 0)::bigint AS size_bytes
    FROM evidence_waiting e
    WHERE e.site_id = k.site_id
        AND e.public_key = k.public_key
) w
WHERE ($1::text IS NULL OR k.state = $1)
    AND (k.state <> 'waiting' OR a.removed_at IS NULL)
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
