-- name: lock
-- Until the end no check-in and no other person changes what these appliances are.
SELECT
    a.id, a.site_id, a.wire_id, a.mac, a.agent_public_key, a.hostname, a.ip_addresses,
    a.agent_version, a.nixos_version, a.has_local_credentials, a.uptime_seconds,
    a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at, a.desired_rules_hash,
    a.reported_rules_hash, a.reported_rules_hash_at, a.last_sync_at, a.first_seen_at,
    a.last_seen_at, a.reported_mac, a.removed_at, a.merged_into
FROM appliances a
WHERE a.site_id = :site_id
    AND a.id = ANY (:ids::uuid[])
ORDER BY a.id
FOR NO KEY UPDATE;

-- name: remove
UPDATE appliances
SET removed_at = :now,
    removed_by = :by,
    merged_into = :into
WHERE site_id = :site_id
    AND id = :id;

-- name: repoint
-- What was merged into the one that is merged now.
UPDATE appliances
SET merged_into = :into
WHERE site_id = :site_id
    AND merged_into = :id;

-- name: cancel_orders
-- They are signed for the one that is gone: nothing else may carry them out.
UPDATE orders
SET state = 'cancelled', finished_at = :now, changed_at = :now
WHERE site_id = :site_id
    AND appliance_id = :id
    AND state IN ('pending', 'acknowledged')
RETURNING id;

-- name: fold_deliveries
-- How far a rule came on the one machine, under both names.
UPDATE rule_deliveries d
SET delivered_at = COALESCE(d.delivered_at, g.delivered_at),
    delivered_by = COALESCE(d.delivered_by, g.delivered_by),
    active_at = COALESCE(d.active_at, g.active_at),
    matching_at = LEAST(d.matching_at, g.matching_at),
    succeeding_at = LEAST(d.succeeding_at, g.succeeding_at),
    matches = d.matches + g.matches,
    successes = d.successes + g.successes
FROM rule_deliveries g
WHERE d.site_id = :site_id
    AND d.appliance_id = :into
    AND g.site_id = :site_id
    AND g.appliance_id = :id
    AND g.rule = d.rule
    AND g.delivered_at IS NOT NULL
    AND g.approved_at <= d.approved_at
    AND d.left_at IS NULL;

-- name: move_deliveries
UPDATE rule_deliveries d
SET appliance_id = :into, stuck_at = NULL
WHERE d.site_id = :site_id
    AND d.appliance_id = :id
    AND NOT EXISTS (
        SELECT 1 FROM rule_deliveries s WHERE s.rule = d.rule AND s.appliance_id = :into
    );

-- name: forget_deliveries
DELETE FROM rule_deliveries
WHERE site_id = :site_id
    AND appliance_id = :id;

-- name: forget_syncs
DELETE FROM rule_syncs
WHERE site_id = :site_id
    AND appliance_id = :id;

-- name: forget_same_keys
-- Keys that the other one has shown, too.
DELETE FROM evidence_keys k
WHERE k.site_id = :site_id
    AND k.appliance_id = :id
    AND EXISTS (
        SELECT 1
        FROM evidence_keys s
        WHERE s.appliance_id = :into
            AND s.public_key = k.public_key
    );

-- name: move_keys
-- One key of an appliance signs at a time: its own stays in use.
UPDATE evidence_keys k
SET appliance_id = :into,
    state = CASE WHEN k.state = 'active' AND s.has_one THEN 'replaced' ELSE k.state END,
    decided_at = CASE WHEN k.state = 'active' AND s.has_one THEN :now ELSE k.decided_at END,
    decided_by = CASE WHEN k.state = 'active' AND s.has_one THEN :by ELSE k.decided_by END
FROM (
    SELECT EXISTS (
        SELECT 1 FROM evidence_keys e WHERE e.appliance_id = :into AND e.state = 'active'
    ) AS has_one
) AS s
WHERE k.site_id = :site_id
    AND k.appliance_id = :id;

-- name: forget_waiting_keys
-- Keys that wait on an appliance although another machine showed them.
DELETE FROM evidence_keys
WHERE site_id = :site_id
    AND appliance_id = :id
    AND state = 'waiting'
    AND public_key = ANY (:public_keys::text[]);

-- name: move_api_keys
UPDATE api_keys
SET appliance_id = :into
WHERE site_id = :site_id
    AND appliance_id = :id
RETURNING digest;

-- name: fold_reports
UPDATE pattern_reports r
SET occurrences = r.occurrences + g.occurrences,
    successes = r.successes + g.successes,
    total_resolution_ms = r.total_resolution_ms + g.total_resolution_ms,
    first_seen_at = LEAST(r.first_seen_at, g.first_seen_at),
    last_seen_at = GREATEST(r.last_seen_at, g.last_seen_at)
FROM pattern_reports g
WHERE r.site_id = :site_id
    AND r.appliance_id = :into
    AND g.site_id = :site_id
    AND g.appliance_id = :id
    AND g.kind = r.kind
    AND g.signature = r.signature
    -- Statistics are cumulative on the machine itself: the newer ones hold the older ones.
    AND r.kind = 'heal';

-- name: move_reports
UPDATE pattern_reports g
SET appliance_id = :into
WHERE g.site_id = :site_id
    AND g.appliance_id = :id
    AND NOT EXISTS (
        SELECT 1
        FROM pattern_reports r
        WHERE r.site_id = :site_id
            AND r.appliance_id = :into
            AND r.kind = g.kind
            AND r.signature = g.signature
    );

-- name: forget_reports
DELETE FROM pattern_reports
WHERE site_id = :site_id
    AND appliance_id = :id;

-- name: move_documents
UPDATE appliance_documents g
SET appliance_id = :into
WHERE g.site_id = :site_id
    AND g.appliance_id = :id
    AND NOT EXISTS (
        SELECT 1
        FROM appliance_documents r
        WHERE r.site_id = :site_id
            AND r.appliance_id = :into
            AND r.kind = g.kind
    );

-- name: forget_documents
DELETE FROM appliance_documents
WHERE site_id = :site_id
    AND appliance_id = :id;

-- name: move_plans
UPDATE plans
SET appliance_id = :into
WHERE site_id = :site_id
    AND appliance_id = :id;

-- name: set_identity
-- The machine that stays what it is, when two were told apart.
UPDATE appliances
SET mac = :mac,
    agent_public_key = :public_key,
    hostname = :hostname
WHERE site_id = :site_id
    AND id = :id;
