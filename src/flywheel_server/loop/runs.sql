-- name: let_go_after
-- fleet: no table is read
SELECT set_config('idle_in_transaction_session_timeout', :milliseconds, true);

-- name: claim
-- fleet: one loop for the platform
-- Whoever holds the lease, or finds it lapsed, may start the turn that is due: once an interval.
INSERT INTO loop_leases (name, holder, expires_at, turn_started_at)
VALUES ('loop', :holder, now() + :lease::interval, now())
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder,
    expires_at = excluded.expires_at,
    turn_started_at = excluded.turn_started_at
WHERE loop_leases.turn_started_at <= now() - :interval::interval
    AND (loop_leases.holder = excluded.holder OR loop_leases.expires_at < now())
RETURNING turn_started_at;

-- name: renew
-- fleet: one loop for the platform
UPDATE loop_leases
SET expires_at = now() + :lease::interval
WHERE name = 'loop'
    AND holder = :holder
RETURNING true;

-- name: release
-- fleet: one loop for the platform
-- On a clean end the next process need not wait for the lease to lapse.
UPDATE loop_leases
SET expires_at = now() - interval '1 second'
WHERE name = 'loop'
    AND holder = :holder;

-- name: status
-- fleet: one loop for the platform
SELECT
    l.holder,
    extract(epoch FROM now() - l.turn_started_at)::float8 AS seconds_since_turn,
    extract(epoch FROM l.expires_at - now())::float8 AS seconds_left
FROM loop_leases l
WHERE l.name = 'loop';

-- name: record
-- fleet: one loop for the platform
INSERT INTO loop_runs (
    turn_id, holder, step, started_at, ended_at, rows_in, rows_out, counts, error
)
VALUES (
    :turn_id, :holder, :step, :started_at, :ended_at, :rows_in, :rows_out, :counts, :error
);

-- name: page
-- fleet: one loop for the platform
SELECT
    r.id, r.turn_id, r.holder, r.step, r.started_at, r.ended_at, r.rows_in, r.rows_out, r.counts,
    r.error
FROM loop_runs r
WHERE (:moment::timestamptz IS NULL OR (r.started_at, r.id) < (:moment, :id::uuid))
    AND (:step::text IS NULL OR r.step = :step)
    AND (
        :text::text IS NULL
        OR strpos(replace(r.step, '_', ' '), replace(lower(:text), '_', ' ')) > 0
        OR strpos(lower(r.error), lower(:text)) > 0
    )
ORDER BY r.started_at DESC, r.id DESC
LIMIT :limit;

-- name: failed_page
-- fleet: one loop for the platform
SELECT
    r.id, r.turn_id, r.holder, r.step, r.started_at, r.ended_at, r.rows_in, r.rows_out, r.counts,
    r.error
FROM loop_runs r
WHERE (:moment::timestamptz IS NULL OR (r.started_at, r.id) < (:moment, :id::uuid))
    AND (:step::text IS NULL OR r.step = :step)
    AND r.error IS NOT NULL
    AND (
        :text::text IS NULL
        OR strpos(replace(r.step, '_', ' '), replace(lower(:text), '_', ' ')) > 0
        OR strpos(lower(r.error), lower(:text)) > 0
    )
ORDER BY r.started_at DESC, r.id DESC
LIMIT :limit;

-- name: newest
-- fleet: one loop for the platform
SELECT
    r.id, r.turn_id, r.holder, r.step, r.started_at, r.ended_at, r.rows_in, r.rows_out, r.counts,
    r.error
FROM unnest(:steps::text[]) AS s (step)
CROSS JOIN LATERAL (
    SELECT
        x.id, x.turn_id, x.holder, x.step, x.started_at, x.ended_at, x.rows_in, x.rows_out,
        x.counts, x.error
    FROM loop_runs x
    WHERE x.step = s.step
    ORDER BY x.started_at DESC, x.id DESC
    LIMIT 1
) r;
