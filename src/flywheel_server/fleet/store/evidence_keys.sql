-- name: see
-- The first key of an appliance counts at once, unless a person refused it; later ones wait. One that
-- was replaced and is shown again waits once more. At most :most of them.
INSERT INTO evidence_keys (
    site_id, appliance_id, public_key, state, seen_at, decided_at, decided_by
)
SELECT
    :site_id, :appliance_id, :public_key,
    CASE WHEN k.counts THEN 'active' ELSE 'waiting' END,
    :now::timestamptz,
    CASE WHEN k.counts THEN :now::timestamptz END,
    CASE WHEN k.counts THEN 'its first check-in' END
FROM (
    SELECT
        count(*) AS known,
        count(*) = 0 AND NOT EXISTS (
            SELECT 1
            FROM evidence_keys r
            WHERE r.site_id = :site_id
                AND r.public_key = :public_key
                AND r.appliance_id IS NULL
                AND r.state = 'refused'
        ) AS counts
    FROM evidence_keys e
    WHERE e.site_id = :site_id
        AND e.appliance_id = :appliance_id
) AS k
WHERE k.known < :most
ON CONFLICT (appliance_id, public_key) DO UPDATE
SET state = 'waiting', seen_at = excluded.seen_at, decided_at = NULL, decided_by = NULL
WHERE evidence_keys.state = 'replaced'
RETURNING state;

-- name: claim
-- As if the appliance had shown it first: it counts at once where it is its first one.
UPDATE evidence_keys u
SET appliance_id = :appliance_id,
    state = CASE WHEN f.is_first THEN 'active' ELSE 'waiting' END,
    decided_at = CASE WHEN f.is_first THEN :now::timestamptz END,
    decided_by = CASE WHEN f.is_first THEN 'its first check-in' END
FROM (
    SELECT NOT EXISTS (
        SELECT 1 FROM evidence_keys e WHERE e.site_id = :site_id AND e.appliance_id = :appliance_id
    ) AS is_first
) AS f
WHERE u.site_id = :site_id
    AND u.public_key = :public_key
    AND u.appliance_id IS NULL
    AND u.state = 'waiting'
    AND NOT EXISTS (
        SELECT 1 FROM evidence_keys o WHERE o.appliance_id = :appliance_id AND o.public_key
            = :public_key
    )
RETURNING u.state;

-- name: see_unknown
-- Whether the key is kept: it was there already, or there is room for another one.
WITH made AS (
    INSERT INTO evidence_keys (site_id, public_key, state, seen_at)
    SELECT :site_id, :public_key, 'waiting', :now::timestamptz
    WHERE NOT EXISTS (
            SELECT 1 FROM evidence_keys k WHERE k.site_id = :site_id AND k.public_key = :public_key
        )
        AND (
            SELECT count(*)
            FROM evidence_keys u
            WHERE u.site_id = :site_id
                AND u.appliance_id IS NULL
                AND u.state = 'waiting'
        ) < :most
    ON CONFLICT (site_id, public_key) WHERE appliance_id IS NULL DO NOTHING
    RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM made)
    OR EXISTS (SELECT 1 FROM evidence_keys k WHERE k.site_id = :site_id AND k.public_key
        = :public_key);

-- name: assign
UPDATE evidence_keys
SET appliance_id = :appliance_id
WHERE site_id = :site_id
    AND id = :id
    AND appliance_id IS NULL;

-- name: of_site
-- The keys of a site, or of one of its appliances.
SELECT k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by
FROM evidence_keys k
WHERE k.site_id = :site_id
    AND (:appliance_id::uuid IS NULL OR k.appliance_id = :appliance_id)
    AND (:public_key::text IS NULL OR k.public_key = :public_key)
ORDER BY k.id;

-- name: lock
SELECT k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by
FROM evidence_keys k
WHERE k.site_id = :site_id
    AND k.id = :id
FOR NO KEY UPDATE;

-- name: get
SELECT k.id, k.site_id, k.appliance_id, k.public_key, k.state, k.seen_at, k.decided_at, k.decided_by
FROM evidence_keys k
WHERE k.site_id = :site_id
    AND k.id = :id;

-- name: retire
UPDATE evidence_keys
SET state = 'replaced', decided_at = :now, decided_by = :by
WHERE site_id = :site_id
    AND appliance_id = :appliance_id
    AND state = 'active';

-- name: decide
UPDATE evidence_keys
SET state = :state, decided_at = :now, decided_by = :by
WHERE site_id = :site_id
    AND id = :id;

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
WHERE (:state::text IS NULL OR k.state = :state)
    AND (k.state <> 'waiting' OR a.removed_at IS NULL)
    AND (:site_id::uuid IS NULL OR k.site_id = :site_id)
    AND (:after::uuid IS NULL OR k.id > :after)
    AND (
        :text::text IS NULL
        OR strpos(lower(a.wire_id), lower(:text)) > 0
        OR strpos(lower(s.slug), lower(:text)) > 0
        OR strpos(lower(s.name), lower(:text)) > 0
        OR strpos(k.public_key, lower(:text)) > 0
    )
    AND (:id::uuid IS NULL OR k.id = :id)
ORDER BY k.id
LIMIT :limit;
