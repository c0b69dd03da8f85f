-- name: emit
INSERT INTO events (kind, partner_id, organization_id, site_id, data, occurred_at)
SELECT
    $1,
    COALESCE(o.partner_id, $2::uuid),
    COALESCE(s.organization_id, $3::uuid),
    $4::uuid,
    $5,
    $6
FROM (VALUES (1)) AS one (row)
LEFT JOIN sites s ON s.id = $4::uuid
LEFT JOIN organizations o ON o.id = COALESCE(s.organization_id, $3::uuid)
-- A tenant that the caller cannot see is not one to speak for.
WHERE ($4 IS NULL OR s.id IS NOT NULL) AND (s.id IS NULL AND $3 IS NULL OR o.id IS NOT NULL);

-- name: silence
-- fleet: one loop for the platform
-- Once for each silence, whichever processes notice it: it is named by the turn that was the last.
INSERT INTO events (kind, data, occurred_at)
SELECT
    'loop.silent',
    jsonb_build_object('last_turn_at', to_char(
        l.turn_started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    )),
    $2
FROM loop_leases l
WHERE l.name = 'loop'
    AND l.turn_started_at < now() - $1::interval
ON CONFLICT ((data ->> 'last_turn_at')) WHERE kind = 'loop.silent' DO NOTHING;

-- name: forget
-- fleet: what is told is over, for every tenant
-- With its deliveries; what is still to be sent stays.
WITH gone AS (
    DELETE FROM events e
    WHERE e.id IN (
        SELECT o.id
        FROM events o
        WHERE o.occurred_at < $1
            AND o.dispatched_at IS NOT NULL
            AND NOT EXISTS (
                SELECT 1
                FROM webhook_deliveries d
                WHERE d.event_id = o.id AND d.state = 'pending'
            )
        ORDER BY o.occurred_at
        LIMIT $2
    )
    RETURNING e.id
)
SELECT count(*) FROM gone;
