-- name: count_heal
INSERT INTO pattern_reports (
    site_id, appliance_id, kind, signature, check_type, hostname, occurrences, successes,
    total_resolution_ms, resolution_steps, first_seen_at, last_seen_at
)
VALUES (
    :site_id, :reporter_id, 'heal', :signature, :check_type, :hostname, 1, :success, :milliseconds,
    :steps, :at, :at
)
ON CONFLICT (site_id, appliance_id, kind, signature) DO UPDATE
SET check_type = EXCLUDED.check_type,
    hostname = EXCLUDED.hostname,
    occurrences = pattern_reports.occurrences + 1,
    successes = pattern_reports.successes + EXCLUDED.successes,
    total_resolution_ms = pattern_reports.total_resolution_ms + EXCLUDED.total_resolution_ms,
    resolution_steps = COALESCE(EXCLUDED.resolution_steps, pattern_reports.resolution_steps),
    first_seen_at = LEAST(pattern_reports.first_seen_at, EXCLUDED.first_seen_at),
    last_seen_at = GREATEST(pattern_reports.last_seen_at, EXCLUDED.last_seen_at)
RETURNING
    pattern_reports.id,
    old.id IS NULL AS created,
    pattern_reports.occurrences,
    pattern_reports.successes;

-- name: merge_stats
-- The agent's counters are cumulative: the larger total is the later one, whatever came first.
WITH given AS (
    SELECT
        g.signature, g.occurrences, g.successes, g.l1, g.l2, g.l3, g.total_ms, g.action, g.last_seen
    FROM unnest(
        :signatures::text[], :occurrences::bigint[], :successes::bigint[],
        :l1_resolutions::bigint[], :l2_resolutions::bigint[], :l3_resolutions::bigint[],
        :total_milliseconds::double precision[], :recommended_actions::text[],
        :last_seen_at::timestamptz[]
    ) AS g (signature, occurrences, successes, l1, l2, l3, total_ms, action, last_seen)
), merged AS (
    INSERT INTO pattern_reports (
        site_id, appliance_id, kind, signature, occurrences, successes, l1_resolutions,
        l2_resolutions, l3_resolutions, total_resolution_ms, recommended_action, first_seen_at,
        last_seen_at
    )
    SELECT
        :site_id::uuid, :reporter_id::uuid, 'stats', g.signature, g.occurrences, g.successes, g.l1,
        g.l2, g.l3,
        g.total_ms, g.action, g.last_seen, g.last_seen
    FROM given g
    -- Two posts at once lock the rows in one order.
    ORDER BY g.signature
    ON CONFLICT (site_id, appliance_id, kind, signature) DO UPDATE
    SET occurrences = EXCLUDED.occurrences,
        successes = EXCLUDED.successes,
        l1_resolutions = EXCLUDED.l1_resolutions,
        l2_resolutions = EXCLUDED.l2_resolutions,
        l3_resolutions = EXCLUDED.l3_resolutions,
        total_resolution_ms = EXCLUDED.total_resolution_ms,
        recommended_action = EXCLUDED.recommended_action,
        first_seen_at = LEAST(pattern_reports.first_seen_at, EXCLUDED.first_seen_at),
        last_seen_at = GREATEST(pattern_reports.last_seen_at, EXCLUDED.last_seen_at)
    WHERE (pattern_reports.occurrences, pattern_reports.last_seen_at)
        < (EXCLUDED.occurrences, EXCLUDED.last_seen_at)
    RETURNING old.id IS NULL AS created
)
SELECT count(*) FILTER (WHERE m.created)
FROM merged m;
