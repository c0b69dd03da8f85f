-- name: insert
INSERT INTO orders AS o (
    id, site_id, appliance_id, kind, order_type, object_key, rule, priority, created_at, expires_at,
    nonce, signed_payload, signature, issued_by, changed_at
)
VALUES (
    :order_id, :site_id, :appliance_id, :kind, :order_type, :object_key, :rule, :priority,
    :created_at, :expires_at, :nonce, :signed_payload, :signature, :issued_by, :created_at
)
ON CONFLICT (appliance_id, order_type, object_key)
    WHERE state IN ('pending', 'acknowledged') DO NOTHING
RETURNING
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing, o.proof_source,
    o.proof_reference, o.proof_seen_at;

-- name: live
SELECT
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing, o.proof_source,
    o.proof_reference, o.proof_seen_at
FROM orders o
WHERE o.site_id = :site_id
    AND o.appliance_id = :appliance_id
    AND o.order_type = :order_type
    AND o.object_key = :object_key
    AND o.state IN ('pending', 'acknowledged');

-- name: pending
-- The urgent first, then in the order in which they were issued.
SELECT
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing, o.proof_source,
    o.proof_reference, o.proof_seen_at
FROM orders o
WHERE o.site_id = :site_id
    AND o.appliance_id = :appliance_id
    AND o.state = 'pending'
    AND o.expires_at > :now
ORDER BY o.priority, o.created_at, o.id
LIMIT :most_handed_out;

-- name: hand_out
UPDATE orders
SET handed_out_at = :now
WHERE site_id = :site_id
    AND id = ANY(:ids::text[])
    AND handed_out_at IS NULL;

-- name: lock
-- fleet: the caller's row-level security decides which orders there are
SELECT
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing, o.proof_source,
    o.proof_reference, o.proof_seen_at
FROM orders o
WHERE o.id = :id
FOR NO KEY UPDATE;

-- name: acknowledge
UPDATE orders AS o
SET state = 'acknowledged', acknowledged_at = :now, changed_at = :now
WHERE o.site_id = :site_id
    AND o.id = :id
    AND o.state = 'pending'
RETURNING
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing, o.proof_source,
    o.proof_reference, o.proof_seen_at;

-- name: complete
-- A state that is final stays; what the appliance says of it is kept beside it.
UPDATE orders AS o
SET
    state = CASE
        WHEN o.state NOT IN ('pending', 'acknowledged') THEN o.state
        WHEN :outcome IN ('success', 'unknown') THEN 'completed'
        ELSE 'failed'
    END,
    finished_at = COALESCE(o.finished_at, :now),
    changed_at = :now,
    reported_at = :now,
    success = :success,
    result = :result,
    error_message = :error_message,
    outcome = :outcome,
    standing = :standing
WHERE o.site_id = :site_id
    AND o.id = :id
    AND o.reported_at IS NULL
RETURNING
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing, o.proof_source,
    o.proof_reference, o.proof_seen_at;

-- name: cancel
UPDATE orders AS o
SET state = 'cancelled', finished_at = :now, changed_at = :now
WHERE o.site_id = :site_id
    AND o.id = :id
    AND o.state IN ('pending', 'acknowledged')
RETURNING
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing, o.proof_source,
    o.proof_reference, o.proof_seen_at;

-- name: cancel_of_rule
-- fleet: the caller's row-level security decides which orders there are
-- One that the appliance has acknowledged is carried out.
UPDATE orders AS o
SET state = 'cancelled', finished_at = :now, changed_at = :now
WHERE o.rule = :rule
    AND o.state = 'pending'
RETURNING o.appliance_id;

-- name: cancel_of_excluded
-- The same, where a tenant does not get the rule any more.
UPDATE orders AS o
SET state = 'cancelled', finished_at = :now, changed_at = :now
WHERE o.rule = :rule
    AND o.state = 'pending'
    AND o.site_id IN (SELECT x.site_id FROM excluded_rules x WHERE x.rule = :rule)
RETURNING o.appliance_id;

-- name: cancel_of_disabled_rules
-- fleet: the loop looks at the rules of every scope
UPDATE orders AS o
SET state = 'cancelled', finished_at = :now, changed_at = :now
FROM l1_rules l
WHERE l.id = o.rule
    AND NOT l.enabled
    AND o.state = 'pending'
RETURNING o.appliance_id;

-- name: expire_of
-- Guarded: whoever else ends the order first, wins.
UPDATE orders AS o
SET state = 'expired', finished_at = :now, changed_at = :now
WHERE o.site_id = :site_id
    AND o.appliance_id = :appliance_id
    AND o.state IN ('pending', 'acknowledged')
    AND o.expires_at <= :now
RETURNING o.id;

-- name: expire_due
-- fleet: deadlines are the same for every site
WITH due AS (
    SELECT o.id
    FROM orders o
    WHERE o.state IN ('pending', 'acknowledged')
        AND o.expires_at <= :now
    ORDER BY o.expires_at
    LIMIT :most_expired
    -- What is being completed at this moment is completed; the next turn looks again.
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE orders AS o
SET state = 'expired', finished_at = :now, changed_at = :now
FROM due d
WHERE o.id = d.id
RETURNING o.appliance_id;

-- name: page
-- Also those of what was merged into the appliance.
SELECT
    o.id, o.site_id, o.appliance_id, o.kind, o.order_type, o.object_key, o.rule, o.priority,
    o.created_at, o.expires_at, o.nonce, o.signed_payload, o.signature, o.issued_by, o.state,
    o.changed_at, o.handed_out_at, o.acknowledged_at, o.finished_at, o.reported_at, o.success,
    o.result, o.error_message, o.outcome, o.standing, o.proof_source,
    o.proof_reference, o.proof_seen_at
FROM orders o
WHERE o.site_id = :site_id
    AND o.appliance_id IN (
        SELECT g.id
        FROM appliances g
        WHERE g.site_id = :site_id
            AND (g.id = :appliance_id OR g.merged_into = :appliance_id)
    )
    AND (:states::text[] IS NULL OR o.state = ANY(:states))
    AND (:created_at::timestamptz IS NULL OR (o.created_at, o.id) > (:created_at, :id::text))
ORDER BY o.created_at, o.id
LIMIT :limit;
