-- name: insert
INSERT INTO orders AS o (
    id, site_id, appliance_id, kind, order_type, object_key, rule, priority, created_at, expires_at,
    nonce, signed_payload, signature, issued_by, changed_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $9)
ON CONFLICT (appliance_id, order_type, object_key)
    WHERE state IN ('pending', 'acknowledged') DO NOTHING
RETURNING
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing;

-- name: live
SELECT
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing
FROM orders o
WHERE o.site_id = $1
    AND o.appliance_id = $2
    AND o.order_type = $3
    AND o.object_key = $4
    AND o.state IN ('pending', 'acknowledged');

-- name: pending
-- The urgent first, then in the order in which they were issued.
SELECT
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing
FROM orders o
WHERE o.site_id = $1
    AND o.appliance_id = $2
    AND o.state = 'pending'
    AND o.expires_at > $3
ORDER BY o.priority, o.created_at, o.id
LIMIT $4;

-- name: hand_out
UPDATE orders
SET handed_out_at = $3
WHERE site_id = $1
    AND id = ANY($2::text[])
    AND handed_out_at IS NULL;

-- name: lock
-- fleet: the caller's row-level security decides which orders there are
SELECT
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing
FROM orders o
WHERE o.id = $1
FOR NO KEY UPDATE;

-- name: acknowledge
UPDATE orders AS o
SET state = 'acknowledged', acknowledged_at = $3, changed_at = $3
WHERE o.site_id = $1
    AND o.id = $2
    AND o.state = 'pending'
RETURNING
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing;

-- name: complete
-- A state that is final stays; what the appliance says of it is kept beside it.
UPDATE orders AS o
SET
    state = CASE
        WHEN o.state NOT IN ('pending', 'acknowledged') THEN o.state
        WHEN $7 IN ('success', 'unknown') THEN 'completed'
        ELSE 'failed'
    END,
    finished_at = COALESCE(o.finished_at, $3),
    changed_at = $3,
    reported_at = $3,
    success = $4,
    result = $5,
    error_message = $6,
    outcome = $7,
    standing = $8
WHERE o.site_id = $1
    AND o.id = $2
    AND o.reported_at IS NULL
RETURNING
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing;

-- name: cancel
UPDATE orders AS o
SET state = 'cancelled', finished_at = $3, changed_at = $3
WHERE o.site_id = $1
    AND o.id = $2
    AND o.state IN ('pending', 'acknowledged')
RETURNING
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing;

-- name: cancel_of_rule
-- fleet: the caller's row-level security decides which orders there are
-- One that the appliance has acknowledged is carried out.
UPDATE orders AS o
SET state = 'cancelled', finished_at = $2, changed_at = $2
WHERE o.rule = $1
    AND o.state = 'pending'
RETURNING o.appliance_id;

-- name: cancel_of_excluded
-- The same, where a tenant does not get the rule any more.
UPDATE orders AS o
SET state = 'cancelled', finished_at = $2, changed_at = $2
WHERE o.rule = $1
    AND o.state = 'pending'
    AND o.site_id IN (SELECT x.site_id FROM excluded_rules x WHERE x.rule = $1)
RETURNING o.appliance_id;

-- name: cancel_of_disabled_rules
-- fleet: the loop looks at the rules of every scope
UPDATE orders AS o
SET state = 'cancelled', finished_at = $1, changed_at = $1
FROM l1_rules l
WHERE l.id = o.rule
    AND NOT l.enabled
    AND o.state = 'pending'
RETURNING o.appliance_id;

-- name: expire_of
-- Guarded: whoever else ends the order first, wins.
UPDATE orders AS o
SET state = 'expired', finished_at = $3, changed_at = $3
WHERE o.site_id = $1
    AND o.appliance_id = $2
    AND o.state IN ('pending', 'acknowledged')
    AND o.expires_at <= $3
RETURNING o.id;

-- name: expire_due
-- fleet: deadlines are the same for every site
WITH due AS (
    SELECT o.id
    FROM orders o
    WHERE o.state IN ('pending', 'acknowledged')
        AND o.expires_at <= $1
    ORDER BY o.expires_at
    LIMIT $2
    -- What is being completed at this moment is completed; the next turn looks again.
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE orders AS o
SET state = 'expired', finished_at = $1, changed_at = $1
FROM due d
WHERE o.id = d.id
RETURNING o.appliance_id;

-- name: page
-- Also those of what was merged into the appliance.
SELECT
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing
FROM orders o
WHERE o.site_id = $1
    AND o.appliance_id IN (
        SELECT g.id
        FROM appliances g
        WHERE g.site_id = $1
            AND (g.id = $2 OR g.merged_into = $2)
    )
    AND ($3::text[] IS NULL OR o.state = ANY($3))
    AND ($4::timestamptz IS NULL OR (o.created_at, o.id) > ($4, $5::text))
ORDER BY o.created_at, o.id
LIMIT $6;
