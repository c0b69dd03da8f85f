-- name: get
-- fleet: the caller's row-level security decides which anchors there are
SELECT
    a.id, a.organization_id, a.state, a.state_changed_at, a.root, a.leaves, a.created_at,
    a.pending_since, a.submitted_at, a.proof, a.block_height, a.block_header, a.block_time,
    a.attempts, a.next_attempt_at, a.problem
FROM evidence_anchors a
WHERE a.id = :id;

-- name: of_span
-- The anchors of a piece of a chain.
SELECT
    a.id, a.organization_id, a.state, a.state_changed_at, a.root, a.leaves, a.created_at,
    a.pending_since, a.submitted_at, a.proof, a.block_height, a.block_header, a.block_time,
    a.attempts, a.next_attempt_at, a.problem
FROM evidence_anchors a
WHERE a.id IN (
    SELECT l.anchor_id
    FROM evidence_leaves l
    WHERE l.site_id = :site_id
        AND l.position BETWEEN :first AND :last
)
    AND (:after::uuid IS NULL OR a.id > :after)
ORDER BY a.id
LIMIT :limit;

-- name: unbatched
-- fleet: batches are made for every organization in one step
-- Where bundles wait for a batch, and the last batch of the organization is old enough.
SELECT DISTINCT s.organization_id
FROM evidence_heads h
JOIN evidence_progress p ON p.site_id = h.site_id
JOIN sites s ON s.id = h.site_id
WHERE h.position > p.batched_position
    AND NOT EXISTS (
        SELECT 1
        FROM evidence_anchors a
        WHERE a.organization_id = s.organization_id
            AND a.created_at > :last_before
    )
ORDER BY s.organization_id
LIMIT :limit;

-- name: leaves_to_batch
SELECT b.site_id, b.position, b.chain_hash
FROM sites s
JOIN evidence_progress p ON p.site_id = s.id
JOIN evidence_bundles b ON b.site_id = s.id AND b.position > p.batched_position
WHERE s.organization_id = :organization_id
ORDER BY b.site_id, b.position
LIMIT :limit;

-- name: insert
INSERT INTO evidence_anchors (
    organization_id, state, state_changed_at, root, leaves, created_at, pending_since,
    next_attempt_at
)
VALUES (
    :organization_id, :state, :now, :root, :leaves, :now,
    CASE WHEN :state = 'pending' THEN :now::timestamptz END,
    CASE WHEN :state = 'pending' THEN :now::timestamptz END
)
RETURNING id;

-- name: insert_leaves
-- fleet: a batch is of one organization, whose sites are many
INSERT INTO evidence_leaves (site_id, position, anchor_id, path)
SELECT g.site_id, g.position, :id, string_to_array(g.path, ' ')
FROM unnest(:site_ids::uuid[], :positions::bigint[], :paths::text[]) AS g (site_id, position, path);

-- name: batched
-- fleet: a batch is of one organization, whose sites are many
UPDATE evidence_progress p
SET batched_position = n.position
FROM (
    SELECT l.site_id, max(l.position) AS position
    FROM evidence_leaves l
    WHERE l.anchor_id = :id
    GROUP BY l.site_id
) AS n
WHERE p.site_id = n.site_id;

-- name: submit_local
-- fleet: calendars are set for the whole server
UPDATE evidence_anchors
SET state = 'pending', state_changed_at = :now, pending_since = :now, next_attempt_at = :now
WHERE state = 'local';

-- name: claim
-- fleet: whatever is due is asked for, whose ever it is
-- The next attempt is set before the first: an attempt that dies with its process is made again.
WITH due AS (
    SELECT a.id
    FROM evidence_anchors a
    WHERE a.next_attempt_at <= :now
        AND (a.state = 'pending' AND :calendars OR a.state = 'anchored' AND :headers)
    ORDER BY a.next_attempt_at, a.id
    LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE evidence_anchors a
SET attempts = a.attempts + 1, next_attempt_at = :until
FROM due d
WHERE a.id = d.id
RETURNING
    a.id, a.organization_id, a.state, a.state_changed_at, a.root, a.leaves, a.created_at,
    a.pending_since, a.submitted_at, a.proof, a.block_height, a.block_header, a.block_time,
    a.attempts, a.next_attempt_at, a.problem;

-- name: move
-- What an attempt found; another one that found more in the meantime is not overwritten.
UPDATE evidence_anchors
SET
    state = :state,
    state_changed_at = CASE WHEN state = :state THEN state_changed_at ELSE :now::timestamptz END,
    submitted_at = COALESCE(submitted_at, :submitted_at),
    proof = COALESCE(:proof, proof),
    block_height = :block_height,
    block_header = :block_header,
    block_time = :block_time,
    attempts = CASE WHEN state = :state THEN attempts ELSE 0 END,
    next_attempt_at = :next_attempt_at,
    problem = :problem
WHERE organization_id = :organization_id
    AND id = :id
    AND state IN ('pending', 'anchored');

-- name: lock
-- fleet: operators look after the timestamps of every organization
SELECT
    a.id, a.organization_id, a.state, a.state_changed_at, a.root, a.leaves, a.created_at,
    a.pending_since, a.submitted_at, a.proof, a.block_height, a.block_header, a.block_time,
    a.attempts, a.next_attempt_at, a.problem
FROM evidence_anchors a
WHERE a.id = :id
FOR NO KEY UPDATE;

-- name: retry
-- As if it had just been made; :keep_proof keeps the proof, to be judged anew.
UPDATE evidence_anchors
SET
    state = 'pending',
    state_changed_at = :now,
    pending_since = :now,
    submitted_at = CASE WHEN :keep_proof::boolean THEN submitted_at END,
    proof = CASE WHEN :keep_proof THEN proof END,
    block_height = NULL,
    block_header = NULL,
    block_time = NULL,
    attempts = 0,
    next_attempt_at = :now,
    problem = NULL
WHERE organization_id = :organization_id
    AND id = :id
    AND state = 'failed';

-- name: of_fleet
-- fleet: operators look after the timestamps of every organization
SELECT
    a.id, a.organization_id, o.name AS organization, a.state, a.state_changed_at, a.root, a.leaves,
    a.created_at, a.pending_since, a.submitted_at, a.proof, a.block_height, a.block_header,
    a.block_time, a.attempts, a.next_attempt_at, a.problem
FROM evidence_anchors a
JOIN organizations o ON o.id = a.organization_id
WHERE (:state::text IS NULL OR a.state = :state)
    AND (:organization_id::uuid IS NULL OR a.organization_id = :organization_id)
    AND (:before::uuid IS NULL OR a.id < :before)
    AND (:id::uuid IS NULL OR a.id = :id)
    AND (:text::text IS NULL OR strpos(lower(o.name), lower(:text)) > 0)
ORDER BY a.id DESC
LIMIT :limit;

-- name: troubled
-- fleet: operators see what is wrong anywhere
SELECT a.id, o.name AS organization, a.state, a.pending_since, a.state_changed_at, a.problem
FROM evidence_anchors a
JOIN organizations o ON o.id = a.organization_id
WHERE a.state = 'failed'
    OR (a.state = 'pending' AND a.pending_since < :pending_before)
ORDER BY a.created_at
LIMIT :limit;

-- name: figures
-- fleet: figures are of the whole platform
SELECT
    (SELECT count(*) FROM evidence_progress p WHERE p.broken_at IS NOT NULL) AS broken,
    count(*) FILTER (WHERE a.state = 'local') AS local,
    count(*) FILTER (WHERE a.state = 'pending') AS pending,
    count(*) FILTER (WHERE a.state = 'anchored') AS anchored,
    count(*) FILTER (WHERE a.state = 'failed') AS failed,
    min(a.pending_since) FILTER (WHERE a.state = 'pending') AS oldest_pending
FROM evidence_anchors a
WHERE a.state <> 'verified';
