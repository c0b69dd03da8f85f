-- name: emit
INSERT INTO events (kind, partner_id, organization_id, site_id, data, occurred_at)
SELECT
    :kind,
    COALESCE(o.partner_id, :partner_id::uuid),
    COALESCE(s.organization_id, :organization_id::uuid),
    :site_id::uuid,
    :data,
    :now
FROM (VALUES (1)) AS one (row)
LEFT JOIN sites s ON s.id = :site_id::uuid
LEFT JOIN organizations o ON o.id = COALESCE(s.organization_id, :organization_id::uuid)
-- A tenant that the caller cannot see is not one to speak for.
WHERE (:site_id IS NULL OR s.id IS NOT NULL)
    AND (s.id IS NULL AND :organization_id IS NULL OR o.id IS NOT NULL);

-- name: silence
-- fleet: one loop for the platform
-- Once for each silence, whichever processes notice it: it is named by the turn that was the last.
INSERT INTO events (kind, data, occurred_at)
SELECT
    'loop.silent',
    jsonb_build_object('last_turn_at', to_char(
        l.turn_started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    )),
    :now
FROM loop_leases l
WHERE l.name = 'loop'
    AND l.turn_started_at < now() - :silent_for::interval
ON CONFLICT ((data ->> 'last_turn_at')) WHERE kind = 'loop.silent' DO NOTHING;

-- name: forget
-- fleet: what is told is over, for every tenant
-- With its deliveries; what is still to be sent stays.
WITH gone AS (
    DELETE FROM events e
    WHERE e.id IN (
        SELECT o.id
        FROM events o
        WHERE o.occurred_at < :before
            AND o.dispatched_at IS NOT NULL
            AND NOT EXISTS (
                SELECT 1
                FROM webhook_deliveries d
                WHERE d.event_id = o.id AND d.state = 'pending'
            )
        ORDER BY o.occurred_at
        LIMIT :most
    )
    RETURNING e.id
)
SELECT count(*) FROM gone;
