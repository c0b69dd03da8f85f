-- name: lock_chain
-- One bundle of a site at a time is appended, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(:site_id::uuid::text, {lock.EVIDENCE_CHAIN})) AS site_id;

-- name: head
SELECT h.site_id, h.position, h.chain_hash, h.received_at
FROM evidence_heads h
WHERE h.site_id = :site_id;

-- name: append
INSERT INTO evidence_bundles (
    site_id, position, bundle_id, appliance_id, public_key, signature, signed_data, bundle_hash,
    previous_hash, chain_hash, checked_at, received_at, checks, results, waited_since
)
VALUES (
    :site_id, :position, :bundle_id, :appliance_id, :public_key, :signature, :signed_data,
    :bundle_hash, :previous_hash, :chain_hash, :checked_at, :received_at, :checks, :results,
    :waited_since
);

-- name: known
-- The bundle with this id, and the one with this content.
SELECT
    b.site_id, b.position, b.bundle_id, b.appliance_id, b.public_key, b.signature, b.bundle_hash,
    b.previous_hash, b.chain_hash, b.checked_at, b.received_at, b.checks, b.results, b.waited_since,
    a.id AS anchor_id, a.state AS anchor_state, a.submitted_at
FROM evidence_bundles b
LEFT JOIN evidence_leaves l ON l.site_id = b.site_id AND l.position = b.position
LEFT JOIN evidence_anchors a ON a.id = l.anchor_id
WHERE b.site_id = :site_id
    AND (b.bundle_id = :bundle_id OR b.bundle_hash = :bundle_hash)
ORDER BY b.position;

-- name: page
SELECT
    b.site_id, b.position, b.bundle_id, b.appliance_id, b.public_key, b.signature, b.bundle_hash,
    b.previous_hash, b.chain_hash, b.checked_at, b.received_at, b.checks, b.results, b.waited_since,
    a.id AS anchor_id, a.state AS anchor_state, a.submitted_at
FROM evidence_bundles b
LEFT JOIN evidence_leaves l ON l.site_id = b.site_id AND l.position = b.position
LEFT JOIN evidence_anchors a ON a.id = l.anchor_id
WHERE b.site_id = :site_id
    AND (:before::bigint IS NULL OR b.position < :before)
    AND (:since::timestamptz IS NULL OR b.received_at >= :since)
    AND (:until::timestamptz IS NULL OR b.received_at < :until)
    -- Also what was signed by an appliance that was merged into it.
    AND (
        :appliance_id::uuid IS NULL
        OR b.appliance_id = :appliance_id
        OR b.appliance_id IN (
            SELECT g.id FROM appliances g WHERE g.site_id = b.site_id AND g.merged_into
                = :appliance_id
        )
    )
    -- A bundle that is in no batch yet waits as those of its kind do: :unbatched says how.
    AND (:state::text IS NULL OR COALESCE(a.state, :unbatched::text) = :state)
    AND (:result::text IS NULL OR b.results ? :result)
    AND (
        :clock::text IS NULL
        OR :clock = 'ahead' AND b.checked_at - b.received_at > :ahead::interval
        OR :clock = 'late' AND COALESCE(b.waited_since, b.received_at) - b.checked_at
            > :late::interval
    )
    AND (
        :text::text IS NULL
        OR strpos(lower(b.bundle_id), lower(:text)) > 0
        OR strpos(b.chain_hash, lower(:text)) > 0
        OR strpos(b.bundle_hash, lower(:text)) > 0
        OR strpos(b.public_key, lower(:text)) > 0
        OR EXISTS (
            SELECT 1
            FROM appliances p
            WHERE p.site_id = b.site_id
                AND p.id = b.appliance_id
                AND (
                    strpos(lower(p.wire_id), lower(:text)) > 0
                    OR strpos(lower(p.hostname), lower(:text)) > 0
                )
        )
    )
ORDER BY b.position DESC
LIMIT :limit;

-- name: get
SELECT
    b.site_id, b.position, b.bundle_id, b.appliance_id, b.public_key, b.signature, b.bundle_hash,
    b.previous_hash, b.chain_hash, b.checked_at, b.received_at, b.checks, b.results, b.waited_since,
    a.id AS anchor_id, a.state AS anchor_state, a.submitted_at, b.signed_data, l.path
FROM evidence_bundles b
LEFT JOIN evidence_leaves l ON l.site_id = b.site_id AND l.position = b.position
LEFT JOIN evidence_anchors a ON a.id = l.anchor_id
WHERE b.site_id = :site_id
    AND b.bundle_id = :bundle_id;

-- name: span
-- Positions follow the moments of receipt, so a span of time is a span of the chain.
SELECT min(b.position) AS first, max(b.position) AS last
FROM evidence_bundles b
WHERE b.site_id = :site_id
    AND (:since::timestamptz IS NULL OR b.received_at >= :since)
    AND (:until::timestamptz IS NULL OR b.received_at < :until);

-- name: at
-- When the bundle at a position was received.
SELECT b.received_at
FROM evidence_bundles b
WHERE b.site_id = :site_id
    AND b.position = :position;

-- name: links
-- A piece of a chain with everything that proves it.
SELECT
    b.site_id, b.position, b.bundle_id, b.appliance_id, b.public_key, b.signature, b.bundle_hash,
    b.previous_hash, b.chain_hash, b.checked_at, b.received_at, b.checks, b.results, b.waited_since,
    l.anchor_id, NULL::text AS anchor_state, NULL::timestamptz AS submitted_at, b.signed_data,
    l.path
FROM evidence_bundles b
LEFT JOIN evidence_leaves l ON l.site_id = b.site_id AND l.position = b.position
WHERE b.site_id = :site_id
    AND b.position > :after
    AND b.position <= :last
ORDER BY b.position
LIMIT :limit;
