-- name: partitions
-- fleet: partitions belong to no tenant
SELECT
    c.relname AS name,
    (regexp_match(b.bound, 'FROM \(''([^'']+)''\)'))[1]::timestamptz AS starts,
    (regexp_match(b.bound, 'TO \(''([^'']+)''\)'))[1]::timestamptz AS ends
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
WHERE i.inhparent = to_regclass('public.' || :parent::text)
ORDER BY starts;

-- name: all_folded
-- fleet: partitions belong to no tenant
SELECT NOT EXISTS (
    SELECT 1
    FROM executions e
    CROSS JOIN fold_marks m
    WHERE e.received_at >= :starts
        AND e.received_at < :ends
        AND m.fold = ANY(:folds::text[])
        AND NOT pg_visible_in_snapshot(e.xid, m.mark)
) AND (
    SELECT count(*) FROM fold_marks m WHERE m.fold = ANY(:folds::text[])
) = cardinality(:folds::text[]);

-- name: keep_counts
-- fleet: a partition holds facts of every site
INSERT INTO dropped_counts (
    site_id, level, incident_type, reported_id, hostname, successes, verified_successes, failures,
    not_attempted, claimed_successes, claimed_failures, chaos_successes, chaos_failures,
    since_successes, since_verified_successes,
    since_failures, since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at,
    last_evidence_at
)
SELECT
    e.site_id, e.level, e.incident_type, e.reported_id, e.hostname,
    sum(e.successes),
    sum(e.verified_successes),
    sum(e.failures),
    sum(e.not_attempted),
    sum(e.claimed_successes),
    sum(e.claimed_failures),
    sum(e.chaos_successes),
    sum(e.chaos_failures),
    COALESCE(sum(e.successes) FILTER (WHERE s.since), 0),
    COALESCE(sum(e.verified_successes) FILTER (WHERE s.since), 0),
    COALESCE(sum(e.failures) FILTER (WHERE s.since), 0),
    COALESCE(sum(e.chaos_successes) FILTER (WHERE s.since), 0),
    COALESCE(sum(e.chaos_failures) FILTER (WHERE s.since), 0),
    min(e.occurred_at),
    max(e.occurred_at),
    max(e.occurred_at) FILTER (WHERE e.known)
FROM counted_facts e
LEFT JOIN aliases a ON a.alias = e.reported_id
LEFT JOIN platform_patterns p
    ON p.incident_type = e.incident_type
    AND p.runbook_id = COALESCE(a.runbook_id, e.reported_id)
CROSS JOIN LATERAL (
    SELECT e.evidence_at >= COALESCE(p.counted_from, '-infinity') AS since
) s
WHERE e.received_at >= :starts
    AND e.received_at < :ends
    AND e.level IN ('L1', 'L2')
GROUP BY e.site_id, e.level, e.incident_type, e.reported_id, e.hostname
ON CONFLICT (site_id, level, incident_type, reported_id, hostname) DO UPDATE
SET successes = dropped_counts.successes + excluded.successes,
    verified_successes = dropped_counts.verified_successes + excluded.verified_successes,
    failures = dropped_counts.failures + excluded.failures,
    not_attempted = dropped_counts.not_attempted + excluded.not_attempted,
    claimed_successes = dropped_counts.claimed_successes + excluded.claimed_successes,
    claimed_failures = dropped_counts.claimed_failures + excluded.claimed_failures,
    chaos_successes = dropped_counts.chaos_successes + excluded.chaos_successes,
    chaos_failures = dropped_counts.chaos_failures + excluded.chaos_failures,
    since_successes = dropped_counts.since_successes + excluded.since_successes,
    since_verified_successes
        = dropped_counts.since_verified_successes + excluded.since_verified_successes,
    since_failures = dropped_counts.since_failures + excluded.since_failures,
    since_chaos_successes
        = dropped_counts.since_chaos_successes + excluded.since_chaos_successes,
    since_chaos_failures = dropped_counts.since_chaos_failures + excluded.since_chaos_failures,
    first_seen_at = LEAST(dropped_counts.first_seen_at, excluded.first_seen_at),
    last_seen_at = GREATEST(dropped_counts.last_seen_at, excluded.last_seen_at),
    last_evidence_at = GREATEST(dropped_counts.last_evidence_at, excluded.last_evidence_at);

-- name: keep_days
-- fleet: a partition holds facts of every site
-- The days themselves stay as they are: only what a rebuild starts from is noted.
INSERT INTO level_days (
    day, level, dropped_successes, dropped_failures, dropped_not_attempted,
    dropped_claimed_successes, dropped_claimed_failures
)
SELECT
    (e.evidence_at AT TIME ZONE 'UTC')::date,
    e.level,
    sum(e.successes + e.chaos_successes),
    sum(e.failures + e.chaos_failures),
    sum(e.not_attempted),
    sum(e.claimed_successes),
    sum(e.claimed_failures)
FROM counted_facts e
WHERE e.received_at >= :starts
    AND e.received_at < :ends
GROUP BY (e.evidence_at AT TIME ZONE 'UTC')::date, e.level
ON CONFLICT (day, level) DO UPDATE
SET dropped_successes = level_days.dropped_successes + excluded.dropped_successes,
    dropped_failures = level_days.dropped_failures + excluded.dropped_failures,
    dropped_not_attempted = level_days.dropped_not_attempted + excluded.dropped_not_attempted,
    dropped_claimed_successes
        = level_days.dropped_claimed_successes + excluded.dropped_claimed_successes,
    dropped_claimed_failures
        = level_days.dropped_claimed_failures + excluded.dropped_claimed_failures;

-- name: no_backup
-- fleet: a backup reads every partition; a drop would wait for it, and writers for the drop
SELECT pg_try_advisory_xact_lock({lock.SERVER}, {lock.PARTITIONS});

-- name: drop
-- fleet: partitions belong to no tenant
SELECT drop_partition(:parent, :name);

-- name: forget_keys
-- fleet: retention is the same for every site
WITH old AS (
    SELECT k.site_id, k.execution_id
    FROM execution_keys k
    WHERE k.received_at < :before
    LIMIT :most_keys
),
corrected AS (
    DELETE FROM corrections c
    USING old o
    WHERE c.site_id = o.site_id AND c.execution_id = o.execution_id
),
proven AS (
    DELETE FROM heal_proofs p
    USING old o
    WHERE p.site_id = o.site_id AND p.execution_id = o.execution_id
),
forgotten AS (
    DELETE FROM execution_keys k
    USING old o
    WHERE k.site_id = o.site_id AND k.execution_id = o.execution_id
    RETURNING 1
)
SELECT count(*) FROM forgotten;

-- name: forget_answers
-- fleet: retention is the same for every partner
WITH forgotten AS (
    DELETE FROM idempotency_keys k
    WHERE k.created_at < :before
    RETURNING 1
)
SELECT count(*) FROM forgotten;

-- name: forget_runs
-- fleet: turns belong to no tenant
WITH forgotten AS (
    DELETE FROM loop_runs r
    WHERE r.started_at < :before
    RETURNING 1
)
SELECT count(*) FROM forgotten;
