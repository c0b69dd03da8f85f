-- name: disable
-- fleet: the loop withdraws rules of any scope
-- Not where a person has switched it since it was judged.
UPDATE l1_rules
SET enabled = false,
    disabled_reason = :reason,
    enabled_changed_at = :now,
    withdrawn_at = :now
WHERE id = :id
    AND enabled
    AND enabled_changed_at = :enabled_changed_at
RETURNING id;

-- name: count_pair_anew
-- fleet: a platform rule belongs to no tenant
-- By the database's clock, as the evidence's own time is: all that is folded came before it.
INSERT INTO platform_patterns AS p (incident_type, runbook_id, counted_from, aggregated_at)
VALUES (:incident_type, :runbook_id, clock_timestamp(), :now)
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
WHERE incident_type = :incident_type
    AND runbook_id = :runbook_id;

-- name: count_dropped_anew
-- fleet: a platform rule belongs to no tenant
UPDATE dropped_counts
SET since_successes = 0,
    since_verified_successes = 0,
    since_failures = 0,
    since_chaos_successes = 0,
    since_chaos_failures = 0
WHERE level = 'L2'
    AND incident_type = :incident_type
    AND reported_id IN (
        SELECT a.alias FROM aliases a WHERE a.runbook_id = :runbook_id
        UNION
        SELECT :runbook_id
    );

-- name: patterns
-- The gates of every pattern of these types are looked at anew. The candidates that became these
-- rules are candidates no longer; the next evidence for one has it looked at again.
UPDATE patterns p
SET state = CASE WHEN t.was_the_rule THEN 'withdrawn' ELSE p.state END,
    state_changed_at = CASE WHEN t.was_the_rule THEN :now ELSE p.state_changed_at END,
    due_at = CASE WHEN NOT t.was_the_rule THEN '-infinity'::timestamptz END,
    blocked = false
FROM (
    SELECT
        s.id,
        s.state = 'approved' AND EXISTS (
            SELECT 1
            FROM unnest(:scope_ids::uuid[], :incident_types::text[], :runbook_ids::text[])
                AS r (site_id, incident_type, runbook_id)
            WHERE r.site_id = s.site_id
                AND r.incident_type = s.incident_type
                AND r.runbook_id = s.runbook_id
        ) AS was_the_rule
    FROM patterns s
    WHERE s.incident_type = ANY (:incident_types::text[])
    -- Everyone takes patterns in this order: no two transactions wait for each other in a ring.
    ORDER BY s.site_id, s.incident_type, s.runbook_id, s.hostname
    FOR NO KEY UPDATE
) t
WHERE p.id = t.id;
