-- name: get
SELECT
    p.site_id, p.batched_position, p.verified_position, p.verified_hash, p.pass_began_at,
    p.verified_at, p.broken_position, p.broken_reason, p.broken_at
FROM evidence_progress p
WHERE p.site_id = :site_id;

-- name: begin
-- fleet: the loop looks after the chain of every site
INSERT INTO evidence_progress (site_id)
SELECT h.site_id
FROM evidence_heads h
WHERE NOT EXISTS (SELECT 1 FROM evidence_progress p WHERE p.site_id = h.site_id)
ON CONFLICT (site_id) DO NOTHING;

-- name: to_verify
-- fleet: the loop looks after the chain of every site
-- Chains with something new, and those whose last look is so long ago that a new one is due.
SELECT
    p.site_id, p.batched_position, p.verified_position, p.verified_hash, p.pass_began_at,
    p.verified_at, p.broken_position, p.broken_reason, p.broken_at,
    h.position AS head_position, h.chain_hash AS head_hash
FROM evidence_progress p
LEFT JOIN evidence_heads h ON h.site_id = p.site_id
WHERE (p.broken_at IS NULL AND (
        p.verified_at IS NULL
        OR h.position IS NULL
        OR h.position <> p.verified_position
        OR h.chain_hash <> p.verified_hash
        OR (p.pass_began_at < :whole_since AND p.verified_at >= p.pass_began_at)
    ))
    OR (p.broken_at IS NOT NULL AND (
        p.pass_began_at < :broken_since
        -- On its way through a chain that was broken, and not stopped at the break again.
        OR (p.verified_position < p.broken_position - 1 AND p.verified_position < h.position)
        OR (p.verified_position > p.broken_position AND p.verified_position < h.position)
    ))
ORDER BY p.verified_at NULLS FIRST, p.site_id
LIMIT :limit;

-- name: move
UPDATE evidence_progress
SET
    verified_position = :verified_position,
    verified_hash = :verified_hash,
    pass_began_at = :pass_began_at,
    verified_at = :verified_at,
    broken_position = :broken_position,
    broken_reason = :broken_reason,
    broken_at = :broken_at
WHERE site_id = :site_id;

-- name: broken
-- fleet: operators see what is wrong anywhere
SELECT p.site_id, s.slug, p.broken_position, p.broken_reason, p.broken_at
FROM evidence_progress p
JOIN sites s ON s.id = p.site_id
WHERE p.broken_at IS NOT NULL
ORDER BY p.broken_at
LIMIT :limit;
