-- name: record_new
-- fleet: one statement writes what many appliances sent; each row's site was checked against its key
-- For keys that are all new, as nearly always: a key that is taken fails the whole statement. Taking
-- each key only if it is free costs a third more.
WITH items AS MATERIALIZED (
    SELECT
        u.site_id, u.execution_id, u.digest, u.occurred_at, u.appliance_id, u.reported_appliance,
        u.level, u.incident_id, u.incident_type, u.hostname, u.platform, u.reported_id, u.outcome,
        u.verified, u.chaos_campaign_id, u.error_category, u.error_message, u.duration_seconds,
        u.confidence, u.cost_usd, u.input_tokens, u.output_tokens, u.reasoning, u.detail
    FROM unnest(
        :site_id::uuid[], string_to_array(:execution_id, :end, :nothing), :digest::bytea[],
        :occurred_at::timestamptz[], :appliance_id::uuid[],
        string_to_array(:reported_appliance, :end, :nothing),
        string_to_array(:level, :end, :nothing),
        string_to_array(:incident_id, :end, :nothing),
        string_to_array(:incident_type, :end, :nothing),
        string_to_array(:hostname, :end, :nothing), string_to_array(:platform, :end, :nothing),
        string_to_array(:reported_id, :end, :nothing), string_to_array(:outcome, :end, :nothing),
        :verified::boolean[],
        string_to_array(:chaos_campaign_id, :end, :nothing),
        string_to_array(:error_category, :end, :nothing),
        string_to_array(:error_message, :end, :nothing), :duration_seconds::float8[],
        :confidence::float8[], :cost_usd::float8[],
        :input_tokens::bigint[], :output_tokens::bigint[],
        string_to_array(:reasoning, :end, :nothing),
        string_to_array(:detail, :end, :nothing)
    ) AS u (
        site_id, execution_id, digest, occurred_at, appliance_id, reported_appliance,
        level, incident_id, incident_type, hostname, platform, reported_id, outcome,
        verified, chaos_campaign_id, error_category, error_message, duration_seconds,
        confidence, cost_usd, input_tokens, output_tokens, reasoning, detail
    )
    -- Behind each text stands a mark, so every list of texts is one longer than the other columns.
    WHERE u.site_id IS NOT NULL
),
taken AS (
    INSERT INTO execution_keys (site_id, execution_id, digest, received_at)
    SELECT i.site_id, i.execution_id, i.digest, now()
    FROM items i
    -- One order for all writers: two batches with the same keys never wait for each other in a ring.
    ORDER BY i.site_id, i.execution_id
    RETURNING 1
),
-- No fact is written before all keys are.
counted AS MATERIALIZED (
    SELECT count(*) AS keys
    FROM taken
)
INSERT INTO executions (
    site_id, execution_id, received_at, evidence_at, occurred_at, appliance_id,
    reported_appliance, level, incident_id, incident_type, hostname, platform, reported_id,
    outcome, verified, chaos_campaign_id, error_category, error_message, duration_seconds,
    confidence, cost_usd, input_tokens, output_tokens, reasoning, detail
)
SELECT
    i.site_id, i.execution_id, now(), now(), LEAST(COALESCE(i.occurred_at, now()), now()),
    i.appliance_id, i.reported_appliance, i.level, i.incident_id, i.incident_type, i.hostname,
    i.platform, i.reported_id, i.outcome, i.verified, i.chaos_campaign_id, i.error_category,
    i.error_message, i.duration_seconds, i.confidence, i.cost_usd, i.input_tokens,
    i.output_tokens, i.reasoning, i.detail::jsonb
FROM items i
CROSS JOIN counted c
WHERE c.keys > 0;

-- name: record_fresh
-- fleet: one statement writes what many appliances sent; each row's site was checked against its key
WITH items AS MATERIALIZED (
    SELECT
        u.site_id, u.execution_id, u.digest, u.occurred_at, u.appliance_id, u.reported_appliance,
        u.level, u.incident_id, u.incident_type, u.hostname, u.platform, u.reported_id, u.outcome,
        u.verified, u.chaos_campaign_id, u.error_category, u.error_message, u.duration_seconds,
        u.confidence, u.cost_usd, u.input_tokens, u.output_tokens, u.reasoning, u.detail
    FROM unnest(
        :site_id::uuid[], string_to_array(:execution_id, :end, :nothing), :digest::bytea[],
        :occurred_at::timestamptz[], :appliance_id::uuid[],
        string_to_array(:reported_appliance, :end, :nothing),
        string_to_array(:level, :end, :nothing),
        string_to_array(:incident_id, :end, :nothing),
        string_to_array(:incident_type, :end, :nothing),
        string_to_array(:hostname, :end, :nothing), string_to_array(:platform, :end, :nothing),
        string_to_array(:reported_id, :end, :nothing), string_to_array(:outcome, :end, :nothing),
        :verified::boolean[],
        string_to_array(:chaos_campaign_id, :end, :nothing),
        string_to_array(:error_category, :end, :nothing),
        string_to_array(:error_message, :end, :nothing), :duration_seconds::float8[],
        :confidence::float8[], :cost_usd::float8[],
        :input_tokens::bigint[], :output_tokens::bigint[],
        string_to_array(:reasoning, :end, :nothing),
        string_to_array(:detail, :end, :nothing)
    ) AS u (
        site_id, execution_id, digest, occurred_at, appliance_id, reported_appliance,
        level, incident_id, incident_type, hostname, platform, reported_id, outcome,
        verified, chaos_campaign_id, error_category, error_message, duration_seconds,
        confidence, cost_usd, input_tokens, output_tokens, reasoning, detail
    )
    -- Behind each text stands a mark, so every list of texts is one longer than the other columns.
    WHERE u.site_id IS NOT NULL
),
fresh AS (
    INSERT INTO execution_keys (site_id, execution_id, digest, received_at)
    SELECT i.site_id, i.execution_id, i.digest, now()
    FROM items i
    -- One order for all writers: two batches with the same keys never wait for each other in a ring.
    ORDER BY i.site_id, i.execution_id
    ON CONFLICT (site_id, execution_id) DO NOTHING
    RETURNING site_id, execution_id
),
written AS (
    INSERT INTO executions (
        site_id, execution_id, received_at, evidence_at, occurred_at, appliance_id,
        reported_appliance, level, incident_id, incident_type, hostname, platform, reported_id,
        outcome, verified, chaos_campaign_id, error_category, error_message, duration_seconds,
        confidence, cost_usd, input_tokens, output_tokens, reasoning, detail
    )
    SELECT
        i.site_id, i.execution_id, now(), now(), LEAST(COALESCE(i.occurred_at, now()), now()),
        i.appliance_id, i.reported_appliance, i.level, i.incident_id, i.incident_type, i.hostname,
        i.platform, i.reported_id, i.outcome, i.verified, i.chaos_campaign_id, i.error_category,
        i.error_message, i.duration_seconds, i.confidence, i.cost_usd, i.input_tokens,
        i.output_tokens, i.reasoning, i.detail::jsonb
    FROM items i
    JOIN fresh f ON f.site_id = i.site_id AND f.execution_id = i.execution_id
),
known AS MATERIALIZED (
    SELECT i.site_id, i.execution_id
    FROM items i
    WHERE NOT EXISTS (
        SELECT 1 FROM fresh f WHERE f.site_id = i.site_id AND f.execution_id = i.execution_id
    )
)
-- Only what was not fresh comes back; no digest: another transaction took the key just now.
-- Asked one by one, so that no plan ever reads all keys for a few repeats.
SELECT
    n.site_id,
    n.execution_id,
    (
        SELECT k.digest
        FROM execution_keys k
        WHERE k.site_id = n.site_id AND k.execution_id = n.execution_id
    ) AS digest
FROM known n;

-- name: lock
SELECT pg_advisory_xact_lock(
    hashtextextended(:site_id::uuid::text || ':' || :execution_id::text, {lock.EXECUTION})
) AS site_id;

-- name: digests
SELECT k.digest, 0 AS revision, k.received_at
FROM execution_keys k
WHERE k.site_id = :site_id AND k.execution_id = :execution_id
UNION ALL
SELECT c.digest, c.revision, c.received_at
FROM corrections c
WHERE c.site_id = :site_id AND c.execution_id = :execution_id
ORDER BY revision DESC;

-- name: reverse
-- Adds the fact in force once more with weight -1, and returns what its successor keeps of it.
INSERT INTO executions (
    site_id, execution_id, revision, weight, received_at, evidence_at, occurred_at, appliance_id,
    reported_appliance, level, incident_id, incident_type, hostname, platform, reported_id,
    outcome, verified, chaos_campaign_id
)
SELECT
    e.site_id, e.execution_id, :revision, -1, now(), e.evidence_at, e.occurred_at, e.appliance_id,
    e.reported_appliance, e.level, e.incident_id, e.incident_type, e.hostname, e.platform,
    e.reported_id, e.outcome, e.verified, e.chaos_campaign_id
FROM executions e
WHERE e.site_id = :site_id AND e.execution_id = :execution_id AND e.received_at = :received_at
    AND e.weight = 1
RETURNING evidence_at;

-- name: replace
INSERT INTO executions (
    revision, evidence_at, received_at, site_id, execution_id, occurred_at, appliance_id,
    reported_appliance, level, incident_id, incident_type, hostname, platform, reported_id,
    outcome, verified, chaos_campaign_id, error_category, error_message, duration_seconds,
    confidence, cost_usd, input_tokens, output_tokens, reasoning, detail
)
VALUES (
    :revision, :evidence_at, now(), :site_id, :execution_id,
    LEAST(COALESCE(:occurred_at::timestamptz, now()), now()), :appliance_id, :reported_appliance,
    :level, :incident_id, :incident_type,
    :hostname, :platform, :reported_id, :outcome, :verified, :chaos_campaign_id, :error_category,
    :error_message, :duration_seconds, :confidence, :cost_usd, :input_tokens, :output_tokens,
    :reasoning, :detail::text::jsonb
);

-- name: correct
INSERT INTO corrections (site_id, execution_id, revision, digest, received_at)
VALUES (:site_id, :execution_id, :revision, :digest, now());
