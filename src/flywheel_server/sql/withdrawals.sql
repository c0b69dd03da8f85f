-- name: disable
-- fleet: the loop withdraws rules of any scope
-- Not where a person has switched it since it was judged.
UPDATE l1_rules
SET enabled = false,
    disabled_reason = $3,
    enabled_changed_at = $4,
    withdrawn_at = $4
WHERE id = $1
    AND enabled
    AND enabled_changed_at = $2
RETURNING id;

-- name: count_pair_anew
-- fleet: a platform rule belongs to no tenant
-- By the database's clock, as the evidence's own time is: all that is folded came before it.
INSERT INTO platform_patterns AS p (incident_type, runbook_id, counted_from, aggregated_at)
VALUES ($1, $2, clock_timestamp(), $3)
ON CONFLICT (incident_type, runbook_id) DO UPDATE
SET counted_from = excluded.counted_from,
    since_organizations = 0,
    since_sites = 0,
    since_successes = 0,
    since_verified_successes = 0,
    since_failures = 0,
    since_chaos_organizations = 0,
    since_chaos_successes = 0,
    since_chaos_failures = 0,
    since_largest_organization = 0;

-- name: count_sites_anew
-- fleet: a platform rule belongs to no tenant
UPDATE platform_pattern_sites
SET since_successes = 0,
    since_verified_successes = 0,
    since_failures = 0,
    since_chaos_successes = 0,
    since_chaos_failures = 0
WHERE incident_type = $1
    AND runbook_id = $2;

-- name: count_dropped_anew
-- fleet: a platform rule belongs to no tenant
UPDATE dropped_counts
SET since_successes = 0,
    since_verified_successes = 0,
    since_failures = 0,
    since_chaos_successes = 0,
    since_chaos_failures = 0
WHERE level = 'L2'
    AND incident_type = $1
    AND reported_id IN (
        SELECT a.alias FROM aliases a WHERE a.runbook_id = $2
        UNION
        SELECT $2
    );

-- name: patterns
-- The gates of every pattern of these types are looked at anew. The candidates that became these
-- rules are candidates no longer; the next evidence for one has it looked at again.
UPDATE patterns p
SET state = CASE WHEN t.was_the_rule THEN 'withdrawn' ELSE p.state END,
    state_changed_at = CASE WHEN t.was_the_rule THEN $4 ELSE p.state_changed_at END,
    due_at = CASE WHEN NOT t.was_the_rule THEN '-infinity'::timestamptz END,
    blocked = false
FROM (
    SELECT
        s.id,
        s.state = 'approved' AND EXISTS (
            SELECT 1
            FROM unnest($1::uuid[], $2::text[], $3::text[]) AS r (site_id, incident_type, runbook_id)
            WHERE r.site_id = s.site_id
                AND r.incident_type = s.incident_type
                AND r.runbook_id = s.runbook_id
        ) AS was_the_rule
    FROM patterns s
    WHERE s.incident_type = ANY ($2::text[])
    -- Everyone takes patterns in this order: no two transactions wait for each other in a ring.
    ORDER BY s.site_id, s.incident_type, s.runbook_id, s.hostname
    FOR NO KEY UPDATE
) t
WHERE p.id = t.id;
