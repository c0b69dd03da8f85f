-- name: lock_chain
-- One bundle of a site at a time is appended, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 7308)) AS site_id;

-- name: head
SELECT h.site_id, h.position, h.chain_hash, h.received_at
FROM evidence_heads h
WHERE h.site_id = $1;

-- name: append
INSERT INTO evidence_bundles (
    site_id, position, bundle_id, appliance_id, public_key, signature, signed_data, bundle_hash,
    previous_hash, chain_hash, checked_at, received_at, checks, results, waited_since
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: known
-- The bundle with this id, and the one with this content.
SELECT
    b.site_id, b.position, b.bundle_id, b.appliance_id, b.public_key, b.signature, b.bundle_hash,
    b.previous_hash, b.chain_hash, b.checked_at, b.received_at, b.checks, b.results, b.waited_since,
    a.id AS anchor_id, a.state AS anchor_state, a.submitted_at
FROM evidence_bundles b
LEFT JOIN evidence_leaves l ON l.site_id = b.site_id AND l.position = b.position
LEFT JOIN evidence_anchors a ON a.id = l.anchor_id
WHERE b.site_id = $1
    AND (b.bundle_id = $2 OR b.bundle_hash = $3)
ORDER BY b.position;

-- name: page
SELECT
    b.site_id, b.position, b.bundle_id, b.appliance_id, b.public_key, b.signature, b.bundle_hash,
    b.previous_hash, b.chain_hash, b.checked_at, b.received_at, b.checks, b.results, b.waited_since,
    a.id AS anchor_id, a.state AS anchor_state, a.submitted_at
FROM evidence_bundles b
LEFT JOIN evidence_leaves l ON l.site_id = b.site_id AND l.position = b.position
LEFT JOIN evidence_anchors a ON a.id = l.anchor_id
WHERE b.site_id = $1
    AND ($2::bigint IS NULL OR b.position < $2)
    AND ($3::timestamptz IS NULL OR b.received_at >= $3)
    AND ($4::timestamptz IS NULL OR b.received_at < $4)
    -- Also what was signed by an appliance that was merged into it.
    AND (
        $5::uuid IS NULL
        OR b.appliance_id = $5
        OR b.appliance_id IN (
            SELECT g.id FROM appliances g WHERE g.site_id = b.site_id AND g.merged_into = $5
        )
    )
    -- A bundle that is in no batch yet waits as those of its kind do: $7 says how.
    AND ($6::text IS NULL OR COALESCE(a.state, $7::text) = $6)
    AND ($8::text IS NULL OR b.results ? $8)
    AND (
        $9::text IS NULL
        OR $9 = 'ahead' AND b.checked_at - b.received_at > $10::interval
        OR $9 = 'late' AND COALESCE(b.waited_since, b.received_at) - b.checked_at > $11::interval
    )
    AND (
        $12::text IS NULL
        OR strpos(lower(b.bundle_id), lower($12)) > 0
        OR strpos(b.chain_hash, lower($12)) > 0
        OR strpos(b.bundle_hash, lower($12)) > 0
        OR strpos(b.public_key, lower($12)) > 0
        OR EXISTS (
            SELECT 1
            FROM appliances p
            WHERE p.site_id = b.site_id
                AND p.id = b.appliance_id
                AND (
                    strpos(lower(p.wire_id), lower($12)) > 0
                    OR strpos(lower(p.hostname), lower($12)) > 0
                )
        )
    )
ORDER BY b.position DESC
LIMIT $13;

-- name: get
SELECT
    b.site_id, b.position, b.bundle_id, b.appliance_id, b.public_key, b.signature, b.bundle_hash,
    b.previous_hash, b.chain_hash, b.checked_at, b.received_at, b.checks, b.results, b.waited_since,
    a.id AS anchor_id, a.state AS anchor_state, a.submitted_at, b.signed_data, l.path
FROM evidence_bundles b
LEFT JOIN evidence_leaves l ON l.site_id = b.site_id AND l.position = b.position
LEFT JOIN evidence_anchors a ON a.id = l.anchor_id
WHERE b.site_id = $1
    AND b.bundle_id = $2;

-- name: span
-- Positions follow the moments of receipt, so a span of time is a span of the chain.
SELECT min(b.position) AS first, max(b.position) AS last
FROM evidence_bundles b
WHERE b.site_id = $1
    AND ($2::timestamptz IS NULL OR b.received_at >= $2)
    AND ($3::timestamptz IS NULL OR b.received_at < $3);

-- name: at
-- When the bundle at a position was received.
SELECT b.received_at
FROM evidence_bundles b
WHERE b.site_id = $1
    AND b.position = $2;

-- name: links
-- A piece of a chain with everything that proves it.
SELECT
    b.site_id, b.position, b.bundle_id, b.appliance_id, b.public_key, b.signature, b.bundle_hash,
    b.previous_hash, b.chain_hash, b.checked_at, b.received_at, b.checks, b.results, b.waited_since,
    l.anchor_id, NULL::text AS anchor_state, NULL::timestamptz AS submitted_at, b.signed_data,
    l.path
FROM evidence_bundles b
LEFT JOIN evidence_leaves l ON l.site_id = b.site_id AND l.position = b.position
WHERE b.site_id = $1
    AND b.position > $2
    AND b.position <= $3
ORDER BY b.position
LIMIT $4;
