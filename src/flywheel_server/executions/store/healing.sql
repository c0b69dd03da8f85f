-- name: page
-- Executions in force, the newest first: a corrected version has a later one. Each site is read by
-- its index from where the page starts, however many sites the caller has.
SELECT
    s.slug, s.name AS site_name, e.site_id, e.execution_id, e.received_at, e.occurred_at, e.level,
    e.incident_id, e.incident_type, e.hostname, e.reported_id, a.runbook_id, e.outcome, e.verified,
    e.chaos_campaign_id, e.error_category, e.error_message, e.duration_seconds
FROM sites s
CROSS JOIN LATERAL (
    SELECT
        t.site_id, t.execution_id, t.received_at, t.occurred_at, t.level, t.incident_id,
        t.incident_type, t.hostname, t.reported_id, t.outcome, t.verified, t.chaos_campaign_id,
        t.error_category, t.error_message, t.duration_seconds
    FROM executions t
    WHERE t.site_id = s.id
        AND t.weight = 1
        AND t.received_at >= :since
        AND (t.received_at, t.execution_id, t.site_id)
            < (:received_at::timestamptz, :execution_id::text, :last_site_id::uuid)
        AND (:level::text IS NULL OR t.level = :level)
        AND (:outcomes::text[] IS NULL OR t.outcome = ANY (:outcomes))
        AND (:incident_type::text IS NULL OR t.incident_type = :incident_type)
        AND (:hostname::text IS NULL OR t.hostname = :hostname)
        AND (
            :text::text IS NULL
            OR strpos(replace(lower(t.incident_type), '_', ' '), replace(lower(:text), '_', ' '))
                > 0
            OR strpos(lower(t.hostname), lower(:text)) > 0
            OR strpos(lower(t.reported_id), lower(:text)) > 0
            OR EXISTS (
                SELECT 1
                FROM aliases n
                JOIN runbooks b ON b.runbook_id = n.runbook_id
                WHERE n.alias = t.reported_id
                    AND strpos(lower(b.name), lower(:text)) > 0
            )
        )
        AND NOT EXISTS (
            SELECT 1
            FROM corrections c
            WHERE c.site_id = t.site_id
                AND c.execution_id = t.execution_id
                AND c.revision > t.revision
        )
    ORDER BY t.received_at DESC, t.execution_id DESC
    LIMIT :limit
) e
LEFT JOIN aliases a ON a.alias = e.reported_id
WHERE :site_id::uuid IS NULL OR s.id = :site_id
ORDER BY e.received_at DESC, e.execution_id DESC, e.site_id DESC
LIMIT :limit;

-- name: totals
-- The same conditions as `page`, without where it starts: one row for each level.
SELECT
    e.level,
    sum(e.successes)::bigint AS successes,
    sum(e.failures)::bigint AS failures,
    sum(e.not_attempted)::bigint AS not_attempted,
    sum(e.claimed_successes)::bigint AS claimed_successes,
    sum(e.claimed_failures)::bigint AS claimed_failures
FROM sites s
CROSS JOIN LATERAL (
    SELECT
        t.level,
        sum(t.successes + t.chaos_successes) AS successes,
        sum(t.failures + t.chaos_failures) AS failures,
        sum(t.not_attempted) AS not_attempted,
        sum(t.claimed_successes) AS claimed_successes,
        sum(t.claimed_failures) AS claimed_failures
    FROM counted_facts t
    WHERE t.site_id = s.id
        AND t.weight = 1
        AND t.received_at >= :since
        AND t.received_at <= :until
        AND (:level::text IS NULL OR t.level = :level)
        AND (:outcomes::text[] IS NULL OR t.outcome = ANY (:outcomes))
        AND (:incident_type::text IS NULL OR t.incident_type = :incident_type)
        AND (:hostname::text IS NULL OR t.hostname = :hostname)
        AND (
            :text::text IS NULL
            OR strpos(replace(lower(t.incident_type), '_', ' '), replace(lower(:text), '_', ' '))
                > 0
            OR strpos(lower(t.hostname), lower(:text)) > 0
            OR strpos(lower(t.reported_id), lower(:text)) > 0
            OR EXISTS (
                SELECT 1
                FROM aliases n
                JOIN runbooks b ON b.runbook_id = n.runbook_id
                WHERE n.alias = t.reported_id
                    AND strpos(lower(b.name), lower(:text)) > 0
            )
        )
        AND NOT EXISTS (
            SELECT 1
            FROM corrections c
            WHERE c.site_id = t.site_id
                AND c.execution_id = t.execution_id
                AND c.revision > t.revision
        )
    GROUP BY t.level
) e
WHERE :site_id::uuid IS NULL OR s.id = :site_id
GROUP BY e.level
ORDER BY e.level;

-- name: newest
-- One probe of each site's index, however long its history.
SELECT max(e.received_at) AS received_at
FROM sites s
CROSS JOIN LATERAL (
    SELECT t.received_at
    FROM executions t
    WHERE t.site_id = s.id
    ORDER BY t.received_at DESC
    LIMIT 1
) e;

-- name: of_pattern
-- The newest of the executions that a pattern counts.
SELECT
    s.slug, s.name AS site_name, t.site_id, t.execution_id, t.received_at, t.occurred_at, t.level,
    t.incident_id, t.incident_type, t.hostname, t.reported_id, a.runbook_id, t.outcome, t.verified,
    t.chaos_campaign_id, t.error_category, t.error_message, t.duration_seconds
FROM executions t
JOIN sites s ON s.id = t.site_id
LEFT JOIN aliases a ON a.alias = t.reported_id
WHERE t.site_id = :site_id
    AND t.weight = 1
    AND t.level = 'L2'
    AND t.incident_type = :incident_type
    AND COALESCE(a.runbook_id, t.reported_id) = :runbook_id
    AND t.hostname = :hostname
    AND t.received_at >= :since
    AND NOT EXISTS (
        SELECT 1
        FROM corrections c
        WHERE c.site_id = t.site_id
            AND c.execution_id = t.execution_id
            AND c.revision > t.revision
    )
ORDER BY t.received_at DESC, t.execution_id DESC
LIMIT :limit;

-- name: of_pattern_by_day
-- What `of_pattern` lists, counted by the UTC day on which it was received.
SELECT
    (t.received_at AT TIME ZONE 'UTC')::date AS day,
    sum(t.successes) AS successes,
    sum(t.failures) AS failures,
    sum(t.not_attempted) AS not_attempted,
    sum(t.claimed_successes + t.claimed_failures) AS claimed
FROM counted_facts t
LEFT JOIN aliases a ON a.alias = t.reported_id
WHERE t.site_id = :site_id
    AND t.weight = 1
    AND t.level = 'L2'
    AND t.incident_type = :incident_type
    AND COALESCE(a.runbook_id, t.reported_id) = :runbook_id
    AND t.hostname = :hostname
    AND t.received_at >= :since
    AND NOT EXISTS (
        SELECT 1
        FROM corrections c
        WHERE c.site_id = t.site_id
            AND c.execution_id = t.execution_id
            AND c.revision > t.revision
    )
GROUP BY (t.received_at AT TIME ZONE 'UTC')::date
ORDER BY day;
