-- name: insert
INSERT INTO webhook_endpoints (partner_id, url, label, kinds, secret, created_at)
VALUES (:partner_id, :url, :label, :kinds, :secret, :now)
RETURNING id, partner_id, url, label, kinds, enabled, created_at;

-- name: count
SELECT count(*)
FROM webhook_endpoints w
WHERE w.partner_id IS NOT DISTINCT FROM :partner_id;

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
WHERE w.partner_id IS NOT DISTINCT FROM :partner_id
    AND (:id::uuid IS NULL OR w.id = :id)
    AND (:after::uuid IS NULL OR w.id > :after)
    AND (
        :text::text IS NULL
        OR strpos(lower(w.url), lower(:text)) > 0
        OR strpos(lower(w.label), lower(:text)) > 0
        OR CASE
            WHEN w.enabled THEN 'on'
            WHEN w.gone_at IS NULL THEN 'paused'
            ELSE 'gone'
        END = ANY (:called::text[])
    )
ORDER BY w.id
LIMIT :limit;

-- name: change
UPDATE webhook_endpoints
SET url = :url,
    label = :label,
    kinds = :kinds,
    enabled = :enabled,
    gone_at = :gone_at,
    not_before = :not_before
WHERE id = :id
    AND partner_id IS NOT DISTINCT FROM :partner_id;

-- name: forget_old_secrets
DELETE FROM webhook_old_secrets
WHERE endpoint_id = :id
    AND partner_id IS NOT DISTINCT FROM :partner_id
    AND (:living OR expires_at <= :now);

-- name: count_old_secrets
SELECT count(*)
FROM webhook_old_secrets o
WHERE o.endpoint_id = :id
    AND o.partner_id IS NOT DISTINCT FROM :partner_id;

-- name: rotate
-- The trigger keeps the secret that this replaces until then.
UPDATE webhook_endpoints
SET secret = :secret,
    overlap_until = :until
WHERE id = :id
    AND partner_id IS NOT DISTINCT FROM :partner_id;

-- name: delete
DELETE FROM webhook_endpoints
WHERE id = :id
    AND partner_id IS NOT DISTINCT FROM :partner_id
RETURNING id;

-- name: deliveries
SELECT
    d.id, d.event_id, e.kind, e.occurred_at, e.data, d.state, d.attempts, d.next_attempt_at,
    d.last_status, d.last_error, d.last_attempt_at, d.created_at
FROM webhook_deliveries d
JOIN events e ON e.id = d.event_id
WHERE d.endpoint_id = :endpoint_id
    AND d.partner_id IS NOT DISTINCT FROM :partner_id
    AND (:id::uuid IS NULL OR d.id = :id)
    AND (:state::text IS NULL OR d.state = :state)
    AND (:after::uuid IS NULL OR d.id < :after)
    AND (
        :text::text IS NULL
        OR strpos(e.kind, lower(:text)) > 0
        OR strpos(lower(e.data::text), lower(:text)) > 0
        OR strpos(lower(d.last_error), lower(:text)) > 0
    )
ORDER BY d.id DESC
LIMIT :limit;

-- name: retry
UPDATE webhook_deliveries
SET state = 'pending',
    attempts = 0,
    next_attempt_at = :now
WHERE id = :id
    AND endpoint_id = :endpoint_id
    AND partner_id IS NOT DISTINCT FROM :partner_id;

-- name: test_event
INSERT INTO events (kind, partner_id, data, occurred_at, dispatched_at)
VALUES ('webhook.test', :partner_id, :data, :now, :now)
RETURNING id;

-- name: test_delivery
INSERT INTO webhook_deliveries (event_id, endpoint_id, partner_id, next_attempt_at, created_at)
VALUES (:event_id, :id, :partner_id, :now, :now)
RETURNING id;

-- name: dispatch
-- fleet: the sender serves every tenant; an endpoint of a partner hears of that partner alone
WITH new AS MATERIALIZED (
    SELECT e.id, e.kind, e.partner_id
    FROM events e
    WHERE e.dispatched_at IS NULL
    ORDER BY e.id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
),
made AS (
    INSERT INTO webhook_deliveries (event_id, endpoint_id, partner_id, next_attempt_at, created_at)
    SELECT n.id, w.id, w.partner_id, :now, :now
    FROM new n
    JOIN webhook_endpoints w
        ON w.enabled
        AND n.kind = ANY (w.kinds)
        AND (w.partner_id IS NULL OR w.partner_id = n.partner_id)
    ORDER BY n.id, w.id
    ON CONFLICT (event_id, endpoint_id) DO NOTHING
)
UPDATE events e
SET dispatched_at = :now
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
            AND d.next_attempt_at <= :now
            AND (d.leased_until IS NULL OR d.leased_until <= :now)
        ORDER BY d.next_attempt_at
        LIMIT :each
        FOR UPDATE SKIP LOCKED
    ) o
    WHERE w.enabled
        AND (w.not_before IS NULL OR w.not_before <= :now)
        AND w.id <> ALL (:busy::uuid[])
    LIMIT :limit
),
leased AS (
    UPDATE webhook_deliveries d
    SET leased_by = :sender, leased_until = :until
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
        WHERE o.endpoint_id = w.id AND o.expires_at > :now
        ORDER BY o.expires_at DESC
        LIMIT :most_old_secrets
    ) AS secrets
FROM leased l
JOIN webhook_endpoints w ON w.id = l.endpoint_id
JOIN events e ON e.id = l.event_id
ORDER BY l.event_id;

-- name: settle
-- fleet: the sender serves every tenant
UPDATE webhook_deliveries
SET state = :state,
    attempts = attempts + 1,
    next_attempt_at = :next_attempt_at,
    last_status = :status,
    last_error = :error,
    last_attempt_at = :at,
    leased_by = NULL,
    leased_until = NULL
WHERE id = :id
    AND leased_by = :sender;

-- name: hold_off
-- fleet: the sender serves every tenant
UPDATE webhook_endpoints
SET not_before = :until
WHERE id = :endpoint_id
    AND url = :url
    AND (not_before IS NULL OR not_before < :until);

-- name: switch_off
-- fleet: the sender serves every tenant
-- Not one whose address somebody changed meanwhile.
UPDATE webhook_endpoints
SET enabled = false,
    gone_at = :now
WHERE id = :endpoint_id
    AND url = :url
    AND enabled
RETURNING id, partner_id, url, label, kinds, enabled, created_at, gone_at, not_before;

-- name: forget_expired_secrets
-- fleet: what has expired signs for no tenant
DELETE FROM webhook_old_secrets WHERE expires_at < :now;

-- name: let_go
-- fleet: the sender serves every tenant
UPDATE webhook_deliveries
SET leased_by = NULL,
    leased_until = NULL
WHERE leased_by = :sender
    AND state = 'pending';
