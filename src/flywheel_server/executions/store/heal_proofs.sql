-- name: unproven
-- Successes in force of a site's hosts and checks that no later look has decided on yet.
SELECT
    e.execution_id, e.revision, e.received_at, e.occurred_at, e.outcome,
    lower(e.hostname) AS hostname, e.incident_type
FROM executions e
WHERE e.site_id = :site_id
    AND e.received_at >= :since
    AND e.weight = 1
    AND e.outcome IN ('success', 'claimed_success')
    AND (lower(e.hostname), e.incident_type) IN (
        SELECT u.hostname, u.incident_type
        FROM unnest(:hostnames::text[], :incident_types::text[]) AS u (hostname, incident_type)
    )
    AND (
        :appliance_id::uuid IS NULL
        OR e.appliance_id IS NULL
        OR e.appliance_id = :appliance_id
        OR e.appliance_id IN (SELECT a.id FROM appliances a WHERE a.merged_into = :appliance_id)
    )
    AND NOT EXISTS (
        SELECT 1
        FROM corrections c
        WHERE c.site_id = e.site_id
            AND c.execution_id = e.execution_id
            AND c.revision > e.revision
    )
    AND NOT EXISTS (
        SELECT 1
        FROM heal_proofs p
        WHERE p.site_id = e.site_id
            AND p.execution_id = e.execution_id
            AND p.revision = e.revision
    )
ORDER BY e.received_at, e.execution_id
LIMIT :limit;

-- name: replace
-- The same fact once more, with what a later look says it came to.
INSERT INTO executions (
    site_id, execution_id, revision, received_at, evidence_at, occurred_at, appliance_id,
    reported_appliance, level, incident_id, incident_type, hostname, platform, reported_id,
    outcome, verified, chaos_campaign_id, error_category, error_message, duration_seconds,
    confidence, cost_usd, input_tokens, output_tokens, reasoning, detail
)
SELECT
    e.site_id, e.execution_id, :revision, now(), e.evidence_at, e.occurred_at, e.appliance_id,
    e.reported_appliance, e.level, e.incident_id, e.incident_type, e.hostname, e.platform,
    e.reported_id, :outcome, :passed, e.chaos_campaign_id, e.error_category, e.error_message,
    e.duration_seconds, e.confidence, e.cost_usd, e.input_tokens, e.output_tokens, e.reasoning,
    e.detail
FROM executions e
WHERE e.site_id = :site_id
    AND e.execution_id = :id
    AND e.received_at = :at
    AND e.weight = 1;

-- name: insert
INSERT INTO heal_proofs (
    site_id, execution_id, revision, source, reference, passed, said, seen_at, proven_at
)
VALUES (:site_id, :id, :revision, :source, :reference, :passed, :outcome, :seen_at, now());

-- name: unproven_orders
-- The same of healing orders, by what they were signed to heal.
SELECT
    o.id AS order_id, o.reported_at AS occurred_at, o.standing = 'claimed' AS claimed,
    order_host(o.signed_payload) AS hostname, order_check(o.signed_payload) AS incident_type
FROM orders o
WHERE o.site_id = :site_id
    AND o.kind = 'healing'
    AND o.reported_at >= :since
    AND o.outcome IN ('success', 'unknown')
    AND o.proof_seen_at IS NULL
    AND (order_host(o.signed_payload), order_check(o.signed_payload)) IN (
        SELECT u.hostname, u.incident_type
        FROM unnest(:hostnames::text[], :incident_types::text[]) AS u (hostname, incident_type)
    )
    AND (
        :appliance_id::uuid IS NULL
        OR o.appliance_id = :appliance_id
        OR o.appliance_id IN (SELECT a.id FROM appliances a WHERE a.merged_into = :appliance_id)
    )
ORDER BY o.reported_at, o.id
LIMIT :limit;

-- name: settle_order
-- Guarded: the first look decides, once. A plan that stands by this order's end follows at once.
WITH settled AS (
    UPDATE orders AS o
    SET
        outcome = :outcome,
        standing = 'verified',
        proof_source = :source,
        proof_reference = :reference,
        proof_seen_at = :seen_at,
        changed_at = GREATEST(o.changed_at, now())
    WHERE o.site_id = :site_id
        AND o.id = :id
        AND o.proof_seen_at IS NULL
    RETURNING o.id
), followed AS (
    UPDATE plans AS p
    SET outcome = :outcome, verified = :passed
    FROM plan_approvals w
    JOIN settled s ON s.id = w.order_id
    WHERE w.site_id = :site_id
        AND p.site_id = :site_id
        AND p.id = w.plan_id
        AND p.execution_id = :prefix || s.id
)
SELECT s.id FROM settled s;
