-- name: sites
-- fleet: the caller's row-level security decides which sites there are
-- :state: broken, silent since before :silent_before, or without any evidence. Timestamps are
-- looked up for the
-- sites of one page alone.
SELECT
    f.id, f.slug, f.name, f.healing_tier, f.organization_name, f.position, f.received_at,
    b.checked_at, b.results, f.batched_position, f.verified_position, f.verified_at,
    f.broken_position, f.broken_reason, f.broken_at, t.state AS timestamp_state,
    t.created_at AS timestamp_at, COALESCE(w.failed, 0) AS failed, w.pending_since
FROM (
    SELECT
        s.id, s.slug, s.name, s.healing_tier, s.organization_id, o.name AS organization_name,
        COALESCE(h.position, 0) AS position, h.received_at,
        COALESCE(p.batched_position, 0) AS batched_position,
        COALESCE(p.verified_position, 0) AS verified_position, p.verified_at, p.broken_position,
        p.broken_reason, p.broken_at
    FROM sites s
    JOIN organizations o ON o.id = s.organization_id
    LEFT JOIN evidence_heads h ON h.site_id = s.id
    LEFT JOIN evidence_progress p ON p.site_id = s.id
    WHERE (
            :text::text IS NULL
            OR strpos(lower(s.slug), lower(:text)) > 0
            OR strpos(lower(s.name), lower(:text)) > 0
            OR strpos(lower(o.name), lower(:text)) > 0
        )
        AND (:after::text IS NULL OR s.slug > :after)
        AND (:id::uuid IS NULL OR s.id = :id)
        AND (
            :state::text IS NULL
            OR :state = 'broken' AND p.broken_at IS NOT NULL
            OR :state = 'silent' AND h.received_at < :silent_before::timestamptz
            OR :state = 'none' AND h.site_id IS NULL
        )
    ORDER BY s.slug
    LIMIT :limit
) f
LEFT JOIN evidence_bundles b ON b.site_id = f.id AND b.position = f.position
LEFT JOIN LATERAL (
    SELECT a.state, a.created_at
    FROM evidence_leaves l
    JOIN evidence_anchors a ON a.id = l.anchor_id
    WHERE l.site_id = f.id
    ORDER BY l.position DESC
    LIMIT 1
) t ON true
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE a.state = 'failed') AS failed,
        min(a.pending_since) FILTER (WHERE a.state = 'pending') AS pending_since
    FROM evidence_anchors a
    WHERE a.organization_id = f.organization_id
        AND a.state IN ('failed', 'pending')
        AND EXISTS (SELECT 1 FROM evidence_leaves l WHERE l.anchor_id = a.id AND l.site_id = f.id)
) w ON true
ORDER BY f.slug;

-- name: totals
SELECT
    count(*) AS bundles,
    COALESCE(sum(b.checks), 0)::bigint AS checks,
    count(*) FILTER (WHERE b.checked_at - b.received_at > :ahead::interval) AS ahead,
    count(*) FILTER (WHERE COALESCE(b.waited_since, b.received_at) - b.checked_at
    > :late::interval) AS late
FROM evidence_bundles b
WHERE b.site_id = :site_id
    AND b.received_at >= :since
    AND b.received_at <= :until;

-- name: days
-- By the UTC day on which they were received: that clock is ours.
SELECT
    (b.received_at AT TIME ZONE 'UTC')::date AS day, r.status, sum(r.checks::bigint)::bigint AS checks
FROM evidence_bundles b
CROSS JOIN LATERAL jsonb_each_text(b.results) AS r (status, checks)
WHERE b.site_id = :site_id
    AND b.received_at >= :since
    AND b.received_at <= :until
GROUP BY (b.received_at AT TIME ZONE 'UTC')::date, r.status
ORDER BY day, r.status;

-- name: gaps
-- Between two moments at which something was checked. Evidence that was held up counts from when it
-- was checked; a clock that is ahead counts as ours. The window's ends count, too: its beginning
-- where there was evidence before.
WITH moments AS (
    SELECT GREATEST(:since::timestamptz, LEAST(b.checked_at, b.received_at)) AS at
    FROM evidence_bundles b
    WHERE b.site_id = :site_id
        AND b.received_at >= :since
        AND b.received_at <= :until
    UNION ALL
    SELECT :since
    WHERE EXISTS (
        SELECT 1
        FROM evidence_bundles b
        WHERE b.site_id = :site_id
            AND b.received_at < :since
    )
    UNION ALL
    SELECT :until::timestamptz
), spans AS (
    SELECT lag(m.at) OVER (ORDER BY m.at) AS since, m.at AS until
    FROM moments m
)
SELECT s.since, s.until, count(*) OVER () AS found
FROM spans s
WHERE s.until - s.since > :gap::interval
ORDER BY s.since DESC
LIMIT :limit;

-- name: timestamps
-- Those of the window, and whatever still needs a look.
SELECT
    a.state, count(*) AS batches, min(COALESCE(a.pending_since, a.created_at)) AS oldest_at,
    max(a.created_at) AS newest_at
FROM evidence_anchors a
WHERE a.organization_id = :organization_id
    AND (a.created_at >= :since OR a.state IN ('failed', 'pending'))
    AND EXISTS (SELECT 1 FROM evidence_leaves l WHERE l.anchor_id = a.id AND l.site_id = :site_id)
GROUP BY a.state
ORDER BY a.state;

-- name: anchors
-- The newest first.
SELECT
    a.id, a.organization_id, a.state, a.state_changed_at, a.root, a.leaves, a.created_at,
    a.pending_since, a.submitted_at, a.proof, a.block_height, a.block_header, a.block_time,
    a.attempts, a.next_attempt_at, a.problem
FROM evidence_anchors a
WHERE a.organization_id = :organization_id
    AND EXISTS (SELECT 1 FROM evidence_leaves l WHERE l.anchor_id = a.id AND l.site_id = :site_id)
    AND (:state::text IS NULL OR a.state = :state)
    AND (:before::uuid IS NULL OR a.id < :before)
ORDER BY a.id DESC
LIMIT :limit;
