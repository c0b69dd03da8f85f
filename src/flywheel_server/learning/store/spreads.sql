-- Facts, not folds: asked where somebody looks, or a rule is near and the policy wants to know. The
-- index on incidents holds no L1, which is most of what a site reports.

-- name: of_pair
-- fleet: counts of each contributing organization, from as many as the platform's fold has taken
-- For a plan also from what came since.
WITH places AS MATERIALIZED (
    SELECT s.id AS site_id, o.id AS organization_id, o.partner_id
    FROM (
        SELECT k.site_id
        FROM platform_pattern_sites k
        WHERE k.incident_type = :incident_type
            AND k.runbook_id = :runbook_id
        UNION
        SELECT u.site_id
        FROM unfolded_counts(:incident_type) u
        WHERE u.runbook_id = :runbook_id
            AND :with_unfolded::boolean
    ) t
    JOIN sites s ON s.id = t.site_id
    JOIN organizations o ON o.id = s.organization_id
    WHERE o.contributes
),
in_force AS (
    SELECT
        p.organization_id, p.partner_id, e.site_id, e.execution_id, e.evidence_at,
        e.incident_id, CASE WHEN e.incident_id = '' THEN e.hostname END AS host,
        e.outcome = 'success' AND (NOT :require_verified OR e.verified IS TRUE) AS success,
        e.outcome IN ('success', 'failure')
        AND (e.chaos_campaign_id IS NULL OR :learn_from_chaos) AS counts,
        e.outcome = 'not_attempted' OR e.chaos_campaign_id IS NOT NULL
        AND NOT :learn_from_chaos AS unproven
    FROM places p
    JOIN executions e ON e.site_id = p.site_id
    LEFT JOIN aliases a ON a.alias = e.reported_id
    WHERE e.level <> 'L1'
        AND e.level = 'L2'
        AND e.incident_type = :incident_type
        AND COALESCE(a.runbook_id, e.reported_id) = :runbook_id
        -- Nothing was received before it was evidence.
        AND e.received_at >= :since
        AND e.evidence_at >= :since
        AND (
            :with_unfolded
            OR pg_visible_in_snapshot(
                e.xid, (SELECT m.mark FROM fold_marks m WHERE m.fold = 'platform')
            )
        )
    GROUP BY
        p.organization_id, p.partner_id, e.site_id, e.execution_id, e.evidence_at, e.incident_id,
        e.hostname, e.outcome, e.verified, e.chaos_campaign_id
    HAVING sum(e.weight) > 0
),
incidents AS (
    SELECT
        f.organization_id, f.partner_id,
        count(*) FILTER (WHERE f.counts) AS attempts,
        count(*) FILTER (WHERE f.counts AND f.success) AS successes,
        COALESCE((
            array_agg(f.success ORDER BY f.evidence_at DESC, f.execution_id DESC)
            FILTER (WHERE f.counts)
        )[1], false) AS healed,
        count(*) FILTER (WHERE f.unproven) AS unproven,
        count(*) FILTER (WHERE f.counts AND f.evidence_at < :aged) AS aged
    FROM in_force f
    GROUP BY f.organization_id, f.partner_id, f.site_id, f.incident_id, f.host
)
SELECT
    i.partner_id,
    sum(i.attempts)::bigint AS attempts,
    sum(i.successes)::bigint AS successes,
    count(*) FILTER (WHERE i.attempts > 0) AS incidents,
    count(*) FILTER (WHERE i.attempts > 0 AND i.healed) AS incident_successes,
    max(i.attempts) AS most_of_one,
    sum(i.unproven)::bigint AS unproven,
    sum(i.aged)::bigint AS aged
FROM incidents i
GROUP BY i.organization_id, i.partner_id;

-- name: of_pattern
-- The same of one host of one site.
WITH in_force AS (
    SELECT
        e.execution_id, e.evidence_at, e.incident_id,
        e.outcome = 'success' AND (NOT :require_verified OR e.verified IS TRUE) AS success,
        e.outcome IN ('success', 'failure')
        AND (e.chaos_campaign_id IS NULL OR :learn_from_chaos) AS counts,
        e.outcome = 'not_attempted' OR e.chaos_campaign_id IS NOT NULL
        AND NOT :learn_from_chaos AS unproven
    FROM executions e
    LEFT JOIN aliases a ON a.alias = e.reported_id
    WHERE e.site_id = :site_id
        AND e.level <> 'L1'
        AND e.level = 'L2'
        AND e.incident_type = :incident_type
        AND COALESCE(a.runbook_id, e.reported_id) = :runbook_id
        AND e.hostname = :hostname
    GROUP BY
        e.execution_id, e.evidence_at, e.incident_id, e.outcome, e.verified, e.chaos_campaign_id
    HAVING sum(e.weight) > 0
),
incidents AS (
    SELECT
        count(*) FILTER (WHERE f.counts) AS attempts,
        count(*) FILTER (WHERE f.counts AND f.success) AS successes,
        COALESCE((
            array_agg(f.success ORDER BY f.evidence_at DESC, f.execution_id DESC)
            FILTER (WHERE f.counts)
        )[1], false) AS healed,
        count(*) FILTER (WHERE f.unproven) AS unproven,
        count(*) FILTER (WHERE f.counts AND f.evidence_at < :aged) AS aged
    FROM in_force f
    GROUP BY f.incident_id
)
SELECT
    NULL::uuid AS partner_id,
    COALESCE(sum(i.attempts), 0)::bigint AS attempts,
    COALESCE(sum(i.successes), 0)::bigint AS successes,
    count(*) FILTER (WHERE i.attempts > 0) AS incidents,
    count(*) FILTER (WHERE i.attempts > 0 AND i.healed) AS incident_successes,
    COALESCE(max(i.attempts), 0) AS most_of_one,
    COALESCE(sum(i.unproven), 0)::bigint AS unproven,
    COALESCE(sum(i.aged), 0)::bigint AS aged
FROM incidents i;
