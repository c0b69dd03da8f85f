-- name: insert
INSERT INTO webhook_endpoints (partner_id, url, label, kinds, secret, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id, partner_id, url, label, kinds, enabled, created_at;

-- name: count
SELECT count(*)
FROM webhook_endpoints w
WHERE w.partner_id IS NOT DISTINCT FROM $1;

-- name: page
SELECT
    w.id, w.partner_id, w.url, w.label, w.kinds, w.enabled, w.created_at, w.gone_at, w.not_before,
    (
        SELECT max(o.expires_at) FROM webhook_old_secrets o WHERE o.endpoint_id = w.id
    ) AS overlap_until,
    (
        SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.state = 'pending'
    ) AS pending,
    (
        SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.state = 'dead'
    ) AS dead
FROM webhook_endpoints w
WHERE w.partner_id IS NOT DISTINCT FROM $1
    AND ($2::uuid IS NULL OR w.id = $2)
    AND ($3::uuid IS NULL OR w.id > $3)
    AND (
        $5::text IS NULL
        OR strpos(lower(w.url), lower($5)) > 0
        OR strpos(lower(w.label), lower($5)) > 0
        OR CASE
            WHEN w.enabled THEN 'on'
            WHEN w.gone_at IS NULL THEN 'paused'
            ELSE 'gone'
        END = ANY ($6::text[])
    )
ORDER BY w.id
LIMIT $4;

-- name: change
UPDATE webhook_endpoints
SET url = $3,
    label = $4,
    kinds = $5,
    enabled = $6,
    gone_at = $7,
    not_before = $8
WHERE id = $1
    AND partner_id IS NOT DISTINCT FROM $2;

-- name: forget_old_secrets
DELETE FROM webhook_old_secrets
WHERE endpoint_id = $1
    AND partner_id IS NOT DISTINCT FROM $2
    AND ($4 OR expires_at <= $3);

-- name: count_old_secrets
SELECT count(*)
FROM webhook_old_secrets o
WHERE o.endpoint_id = $1
    AND o.partner_id IS NOT DISTINCT FROM $2;

-- name: rotate
-- The trigger keeps the secret that this replaces until then.
UPDATE webhook_endpoints
SET secret = $3,
    overlap_until = $4
WHERE id = $1
    AND partner_id IS NOT DISTINCT FROM $2;

-- name: delete
DELETE FROM webhook_endpoints
WHERE id = $1
    AND partner_id IS NOT DISTINCT FROM $2
RETURNING id;

-- name: deliveries
SELECT
    d.id, d.event_id, e.kind, e.occurred_at, e.data, d.state, d.attempts, d.next_attempt_at,
    d.last_status, d.last_error, d.last_attempt_at, d.created_at
FROM webhook_deliveries d
JOIN events e ON e.id = d.event_id
WHERE d.endpoint_id = $1
    AND d.partner_id IS NOT DISTINCT FROM $2
    AND ($3::uuid IS NULL OR d.id = $3)
    AND ($4::text IS NULL OR d.state = $4)
    AND ($5::uuid IS NULL OR d.id < $5)
    AND (
        $6::text IS NULL
        OR strpos(e.kind, lower($6)) > 0
        OR strpos(lower(e.data::text), lower($6)) > 0
        OR strpos(lower(d.last_error), lower($6)) > 0
    )
ORDER BY d.id DESC
LIMIT $7;

-- name: retry
UPDATE webhook_deliveries
SET state = 'pending',
    attempts = 0,
    next_attempt_at = $4
WHERE id = $1
    AND endpoint_id = $2
    AND partner_id IS NOT DISTINCT FROM $3;

-- name: test_event
INSERT INTO events (kind, partner_id, data, occurred_at, dispatched_at)
VALUES ('webhook.test', $1, $2, $3, $3)
RETURNING id;

-- name: test_delivery
INSERT INTO webhook_deliveries (event_id, endpoint_id, partner_id, next_attempt_at, created_at)
VALUES ($1, $2, $3, $4, $4)
RETURNING id;

-- name: dispatch
-- fleet: the sender serves every tenant; an endpoint of a partner hears of that partner alone
WITH new AS MATERIALIZED (
    SELECT e.id, e.kind, e.partner_id
    FROM events e
    WHERE e.dispatched_at IS NULL
    ORDER BY e.id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
),
made AS (
    INSERT INTO webhook_deliveries (event_id, endpoint_id, partner_id, next_attempt_at, created_at)
    SELECT n.id, w.id, w.partner_id, $1, $1
    FROM new n
    JOIN webhook_endpoints w
        ON w.enabled
        AND n.kind = ANY (w.kinds)
        AND (w.partner_id IS NULL OR w.partner_id = n.partner_id)
    ORDER BY n.id, w.id
    ON CONFLICT (event_id, endpoint_id) DO NOTHING
)
UPDATE events e
SET dispatched_at = $1
FROM new n
WHERE e.id = n.id
RETURNING e.id;

-- name: lease
-- fleet: the sender serves every tenant
-- A few of each endpoint, so that one that hangs holds up nobody but itself.
WITH due AS MATERIALIZED (
    SELECT o.id
    FROM webhook_endpoints w
    CROSS JOIN LATERAL (
        SELECT d.id
        FROM webhook_deliveries d
        WHERE d.endpoint_id = w.id
            AND d.state = 'pending'
            AND d.next_attempt_at <= $2
            AND (d.leased_until IS NULL OR d.leased_until <= $2)
        ORDER BY d.next_attempt_at
        LIMIT $5
        FOR UPDATE SKIP LOCKED
    ) o
    WHERE w.enabled
        AND (w.not_before IS NULL OR w.not_before <= $2)
        AND w.id <> ALL ($6::uuid[])
    LIMIT $4
),
leased AS (
    UPDATE webhook_deliveries d
    SET leased_by = $1, leased_until = $3
    FROM due u
    WHERE d.id = u.id
    RETURNING d.id, d.event_id, d.endpoint_id, d.attempts
)
SELECT
    l.id, l.event_id, l.endpoint_id, l.attempts, w.url, e.kind, e.partner_id, e.organization_id,
    e.site_id, e.data, e.occurred_at,
    w.secret || ARRAY(
        SELECT o.secret
        FROM webhook_old_secrets o
        WHERE o.endpoint_id = w.id AND o.expires_at > $2
        ORDER BY o.expires_at DESC
        LIMIT $7
    ) AS secrets
FROM leased l
JOIN webhook_endpoints w ON w.id = l.endpoint_id
JOIN events e ON e.id = l.event_id
ORDER BY l.event_id;

-- name: settle
-- fleet: the sender serves every tenant
UPDATE webhook_deliveries
SET state = $3,
    attempts = attempts + 1,
    next_attempt_at = $4,
    last_status = $5,
    last_error = $6,
    last_attempt_at = $7,
    leased_by = NULL,
    leased_until = NULL
WHERE id = $1
    AND leased_by = $2;

-- name: hold_off
-- fleet: the sender serves every tenant
UPDATE webhook_endpoints
SET not_before = $2
WHERE id = $1
    AND url = $3
    AND (not_before IS NULL OR not_before < $2);

-- name: switch_off
-- fleet: the sender serves every tenant
-- Not one whose address somebody changed meanwhile.
UPDATE webhook_endpoints
SET enabled = false,
    gone_at = $2
WHERE id = $1
    AND url = $3
    AND enabled
RETURNING id, partner_id, url, label, kinds, enabled, created_at, gone_at, not_before;

-- name: forget_expired_secrets
-- fleet: what has expired signs for no tenant
DELETE FROM webhook_old_secrets WHERE expires_at < $1;

-- name: let_go
-- fleet: the sender serves every tenant
UPDATE webhook_deliveries
SET leased_by = NULL,
    leased_until = NULL
WHERE leased_by = $1
    AND state = 'pending';
