-- name: keep
INSERT INTO evidence_waiting (
    site_id, public_key, signature, signed_data, size_bytes, bundle_hash, bundle_id, checked_at,
    received_at, checks, results
)
VALUES (
    :site_id, :public_key, :signature, :signed_data, octet_length(:signed_data::bytea),
    :bundle_hash, :bundle_id, :checked_at, :received_at, :checks, :results
)
ON CONFLICT (site_id, bundle_hash, public_key) DO NOTHING;

-- name: surplus
-- The oldest of a site's that leave the newest within both bounds.
SELECT w.id, w.public_key, w.size_bytes, w.checked_at
FROM (
    SELECT
        n.id, n.public_key, n.size_bytes, n.checked_at,
        row_number() OVER newest AS number,
        sum(n.size_bytes) OVER newest AS total
    FROM evidence_waiting n
    WHERE n.site_id = :site_id
    WINDOW newest AS (ORDER BY n.received_at DESC, n.id DESC)
) AS w
WHERE w.number > :most::bigint
    OR w.total > :most_bytes::bigint;

-- name: of_key
-- Those that a key may have signed, the oldest first.
SELECT
    w.id, w.public_key, w.signature, w.signed_data, w.size_bytes, w.bundle_hash, w.bundle_id,
    w.checked_at, w.received_at, w.checks, w.results
FROM evidence_waiting w
WHERE w.site_id = :site_id
    AND (w.public_key = :public_key OR w.public_key IS NULL)
ORDER BY w.received_at, w.id
LIMIT :limit;

-- name: any_of_key
SELECT EXISTS (SELECT 1 FROM evidence_waiting w WHERE w.site_id = :site_id AND w.public_key
    = :public_key);

-- name: forget
DELETE FROM evidence_waiting
WHERE site_id = :site_id
    AND id = ANY (:ids::uuid[]);

-- name: take_refused
-- What waits for a key that counts nowhere at its site and waits nowhere either.
DELETE FROM evidence_waiting w
WHERE w.site_id = :site_id
    AND w.public_key = :public_key
    AND NOT EXISTS (
        SELECT 1
        FROM evidence_keys k
        WHERE k.site_id = :site_id
            AND k.public_key = :public_key
            AND k.state IN ('active', 'waiting')
    )
RETURNING w.id, w.public_key, w.size_bytes, w.checked_at;

-- name: drop
INSERT INTO evidence_drops AS d (
    site_id, public_key, reason, day, bundles, size_bytes, first_checked_at, last_checked_at,
    dropped_at
)
VALUES (
    :site_id, :public_key, :reason, (:now::timestamptz AT TIME ZONE 'UTC')::date, :bundles, :bytes,
    :first_checked_at, :last_checked_at, :now
)
ON CONFLICT (site_id, public_key, reason, day) DO UPDATE
SET bundles = d.bundles + excluded.bundles,
    size_bytes = d.size_bytes + excluded.size_bytes,
    first_checked_at = LEAST(d.first_checked_at, excluded.first_checked_at),
    last_checked_at = GREATEST(d.last_checked_at, excluded.last_checked_at),
    dropped_at = excluded.dropped_at;

-- name: due
-- fleet: bundles of every site enter their chains once their keys count
SELECT DISTINCT k.site_id, k.public_key
FROM evidence_waiting w
JOIN evidence_keys k
    ON k.site_id = w.site_id
    AND k.state = 'active'
    -- What names no key is tried with each one that came to count lately.
    AND (k.public_key = w.public_key OR w.public_key IS NULL AND k.decided_at > :decided_since)
ORDER BY k.site_id, k.public_key
LIMIT :limit;

-- name: page
SELECT
    w.id, w.public_key, w.bundle_hash, w.size_bytes, w.checked_at, w.received_at, w.checks,
    w.results
FROM evidence_waiting w
WHERE w.site_id = :site_id
    AND (:received_at::timestamptz IS NULL OR (w.received_at, w.id) > (:received_at, :id::uuid))
ORDER BY w.received_at, w.id
LIMIT :limit;

-- name: totals
-- What waits at a site, by the key that it waits for.
SELECT
    w.public_key, count(*) AS bundles, sum(w.size_bytes)::bigint AS size_bytes,
    min(w.received_at) AS since
FROM evidence_waiting w
WHERE w.site_id = :site_id
GROUP BY w.public_key
ORDER BY since;

-- name: drops
-- fleet: the caller's row-level security decides which sites there are
SELECT
    d.site_id, s.slug, d.public_key, d.reason, d.bundles, d.size_bytes, d.first_checked_at,
    d.last_checked_at, d.dropped_at
FROM evidence_drops d
JOIN sites s ON s.id = d.site_id
WHERE d.dropped_at >= :since
    AND (:site_id::uuid IS NULL OR d.site_id = :site_id)
    AND (:reason::text IS NULL OR d.reason = :reason)
ORDER BY d.dropped_at DESC, d.id
LIMIT :limit;
