-- name: patterns
-- fleet: a recount covers every site
WITH raw AS (
    SELECT
        e.site_id, e.incident_type, e.reported_id, e.hostname,
        sum(e.successes) AS successes,
        sum(e.verified_successes) AS verified_successes,
        sum(e.failures) AS failures,
        sum(e.not_attempted) AS not_attempted,
        sum(e.claimed_successes) AS claimed_successes,
        sum(e.claimed_failures) AS claimed_failures,
        sum(e.chaos_successes) AS chaos_successes,
        sum(e.chaos_failures) AS chaos_failures,
        min(e.occurred_at) AS first_seen_at,
        max(e.occurred_at) AS last_seen_at,
        max(e.occurred_at) FILTER (WHERE e.known) AS last_evidence_at
    FROM counted_facts e
    WHERE e.level = 'L2'
        AND pg_visible_in_snapshot(
            e.xid, (SELECT m.mark FROM fold_marks m WHERE m.fold = 'patterns')
        )
    GROUP BY e.site_id, e.incident_type, e.reported_id, e.hostname
    UNION ALL
    SELECT
        d.site_id, d.incident_type, d.reported_id, d.hostname, d.successes, d.verified_successes,
        d.failures, d.not_attempted, d.claimed_successes, d.claimed_failures, d.chaos_successes,
        d.chaos_failures, d.first_seen_at,
        d.last_seen_at, d.last_evidence_at
    FROM dropped_counts d
    WHERE d.level = 'L2'
),
recounted AS (
    SELECT
        r.site_id, r.incident_type, COALESCE(a.runbook_id, r.reported_id) AS runbook_id, r.hostname,
        sum(r.successes) AS successes, sum(r.verified_successes) AS verified_successes,
        sum(r.failures) AS failures, sum(r.not_attempted) AS not_attempted,
        sum(r.claimed_successes) AS claimed_successes,
        sum(r.claimed_failures) AS claimed_failures,
        sum(r.chaos_successes) AS chaos_successes, sum(r.chaos_failures) AS chaos_failures,
        min(r.first_seen_at) AS first_seen_at, max(r.last_seen_at) AS last_seen_at,
        max(r.last_evidence_at) AS last_evidence_at
    FROM raw r
    LEFT JOIN aliases a ON a.alias = r.reported_id
    GROUP BY r.site_id, r.incident_type, COALESCE(a.runbook_id, r.reported_id), r.hostname
)
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE (
            p.successes, p.verified_successes, p.failures, p.not_attempted, p.claimed_successes,
            p.claimed_failures, p.chaos_successes,
            p.chaos_failures, p.first_seen_at, p.last_seen_at, p.last_evidence_at
        ) IS DISTINCT FROM (
            r.successes, r.verified_successes, r.failures, r.not_attempted, r.claimed_successes,
            r.claimed_failures, r.chaos_successes,
            r.chaos_failures, r.first_seen_at, r.last_seen_at, r.last_evidence_at
        )
    ) AS differing
FROM recounted r
FULL JOIN patterns p
    ON p.site_id = r.site_id AND p.incident_type = r.incident_type
    AND p.runbook_id = r.runbook_id AND p.hostname = r.hostname;

-- name: platform
-- fleet: a recount covers every site
WITH raw AS (
    SELECT
        e.incident_type, COALESCE(a.runbook_id, e.reported_id) AS runbook_id, e.site_id,
        sum(e.successes) AS successes,
        sum(e.verified_successes) AS verified_successes,
        sum(e.failures) AS failures,
        sum(e.not_attempted) AS not_attempted,
        sum(e.claimed_successes) AS claimed_successes,
        sum(e.claimed_failures) AS claimed_failures,
        sum(e.chaos_successes) AS chaos_successes,
        sum(e.chaos_failures) AS chaos_failures,
        COALESCE(sum(e.successes) FILTER (WHERE s.since), 0) AS since_successes,
        COALESCE(sum(e.verified_successes) FILTER (WHERE s.since), 0) AS since_verified_successes,
        COALESCE(sum(e.failures) FILTER (WHERE s.since), 0) AS since_failures,
        COALESCE(sum(e.chaos_successes) FILTER (WHERE s.since), 0) AS since_chaos_successes,
        COALESCE(sum(e.chaos_failures) FILTER (WHERE s.since), 0) AS since_chaos_failures
    FROM counted_facts e
    LEFT JOIN aliases a ON a.alias = e.reported_id
    LEFT JOIN platform_patterns p
        ON p.incident_type = e.incident_type
        AND p.runbook_id = COALESCE(a.runbook_id, e.reported_id)
    CROSS JOIN LATERAL (
        SELECT e.evidence_at >= COALESCE(p.counted_from, '-infinity') AS since
    ) s
    WHERE e.level = 'L2'
        AND pg_visible_in_snapshot(
            e.xid, (SELECT m.mark FROM fold_marks m WHERE m.fold = 'platform')
        )
    GROUP BY e.incident_type, COALESCE(a.runbook_id, e.reported_id), e.site_id
    UNION ALL
    SELECT
        d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.site_id, d.successes,
        d.verified_successes, d.failures, d.not_attempted, d.claimed_successes, d.claimed_failures,
        d.chaos_successes, d.chaos_failures,
        d.since_successes, d.since_verified_successes, d.since_failures, d.since_chaos_successes,
        d.since_chaos_failures
    FROM dropped_counts d
    LEFT JOIN aliases a ON a.alias = d.reported_id
    WHERE d.level = 'L2'
),
recounted AS (
    SELECT
        r.incident_type, r.runbook_id, r.site_id,
        sum(r.successes) AS successes, sum(r.verified_successes) AS verified_successes,
        sum(r.failures) AS failures, sum(r.not_attempted) AS not_attempted,
        sum(r.claimed_successes) AS claimed_successes,
        sum(r.claimed_failures) AS claimed_failures,
        sum(r.chaos_successes) AS chaos_successes, sum(r.chaos_failures) AS chaos_failures,
        sum(r.since_successes) AS since_successes,
        sum(r.since_verified_successes) AS since_verified_successes,
        sum(r.since_failures) AS since_failures,
        sum(r.since_chaos_successes) AS since_chaos_successes,
        sum(r.since_chaos_failures) AS since_chaos_failures
    FROM raw r
    GROUP BY r.incident_type, r.runbook_id, r.site_id
)
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE (
            p.successes, p.verified_successes, p.failures, p.not_attempted, p.claimed_successes,
            p.claimed_failures, p.chaos_successes,
            p.chaos_failures, p.since_successes, p.since_verified_successes, p.since_failures,
            p.since_chaos_successes, p.since_chaos_failures
        ) IS DISTINCT FROM (
            r.successes, r.verified_successes, r.failures, r.not_attempted, r.claimed_successes,
            r.claimed_failures, r.chaos_successes,
            r.chaos_failures, r.since_successes, r.since_verified_successes, r.since_failures,
            r.since_chaos_successes, r.since_chaos_failures
        )
    ) AS differing
FROM recounted r
FULL JOIN platform_pattern_sites p
    ON p.incident_type = r.incident_type AND p.runbook_id = r.runbook_id AND p.site_id = r.site_id;

-- name: aggregates
-- fleet: a recount covers every site
-- Pairs of organizations that changed their mind since wait for the next turn.
WITH counted AS (
    SELECT
        t.*, o.id AS organization_id, o.contributes, o.contributes_changed_at,
        t.successes + t.failures > 0 AS attempted,
        t.since_successes + t.since_failures > 0 AS since_attempted,
        t.since_successes + t.since_failures + t.since_chaos_successes + t.since_chaos_failures > 0
            AS since_taught
    FROM platform_pattern_sites t
    JOIN sites s ON s.id = t.site_id
    JOIN organizations o ON o.id = s.organization_id
),
recounted AS (
    SELECT
        c.incident_type, c.runbook_id,
        count(DISTINCT c.organization_id) FILTER (WHERE c.contributes AND c.attempted)
            AS organizations,
        count(*) FILTER (WHERE c.contributes AND c.attempted) AS sites,
        count(DISTINCT c.organization_id) FILTER (WHERE c.contributes AND c.since_attempted)
            AS since_organizations,
        count(DISTINCT c.organization_id) FILTER (WHERE c.contributes AND c.since_taught)
            AS since_chaos_organizations,
        count(*) FILTER (WHERE c.contributes AND c.since_attempted) AS since_sites,
        COALESCE(sum(c.successes) FILTER (WHERE c.contributes), 0) AS successes,
        COALESCE(sum(c.verified_successes) FILTER (WHERE c.contributes), 0) AS verified_successes,
        COALESCE(sum(c.failures) FILTER (WHERE c.contributes), 0) AS failures,
        COALESCE(sum(c.not_attempted) FILTER (WHERE c.contributes), 0) AS not_attempted,
        COALESCE(sum(c.claimed_successes) FILTER (WHERE c.contributes), 0) AS claimed_successes,
        COALESCE(sum(c.claimed_failures) FILTER (WHERE c.contributes), 0) AS claimed_failures,
        COALESCE(sum(c.chaos_successes) FILTER (WHERE c.contributes), 0) AS chaos_successes,
        COALESCE(sum(c.chaos_failures) FILTER (WHERE c.contributes), 0) AS chaos_failures,
        COALESCE(sum(c.since_successes) FILTER (WHERE c.contributes), 0) AS since_successes,
        COALESCE(sum(c.since_verified_successes) FILTER (WHERE c.contributes), 0) AS since_verified_successes,
        COALESCE(sum(c.since_failures) FILTER (WHERE c.contributes), 0) AS since_failures,
        COALESCE(sum(c.since_chaos_successes) FILTER (WHERE c.contributes), 0) AS since_chaos_successes,
        COALESCE(sum(c.since_chaos_failures) FILTER (WHERE c.contributes), 0) AS since_chaos_failures,
        min(c.first_seen_at) FILTER (WHERE c.contributes) AS first_seen_at,
        max(c.last_seen_at) FILTER (WHERE c.contributes) AS last_seen_at,
        max(c.last_evidence_at) FILTER (WHERE c.contributes) AS last_evidence_at,
        max(c.contributes_changed_at) AS changed_at
    FROM counted c
    GROUP BY c.incident_type, c.runbook_id
)
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE (
            p.organizations, p.sites, p.since_organizations, p.since_chaos_organizations,
            p.since_sites, p.successes, p.verified_successes, p.failures, p.not_attempted,
            p.claimed_successes, p.claimed_failures,
            p.chaos_successes, p.chaos_failures, p.since_successes, p.since_verified_successes,
            p.since_failures, p.since_chaos_successes, p.since_chaos_failures, p.first_seen_at,
            p.last_seen_at, p.last_evidence_at
        ) IS DISTINCT FROM (
            r.organizations, r.sites, r.since_organizations, r.since_chaos_organizations,
            r.since_sites, r.successes, r.verified_successes, r.failures, r.not_attempted,
            r.claimed_successes, r.claimed_failures,
            r.chaos_successes, r.chaos_failures, r.since_successes, r.since_verified_successes,
            r.since_failures, r.since_chaos_successes, r.since_chaos_failures, r.first_seen_at,
            r.last_seen_at, r.last_evidence_at
        )
        AND (r.changed_at IS NULL OR p.aggregated_at IS NULL OR r.changed_at < p.aggregated_at)
    ) AS differing
FROM recounted r
FULL JOIN platform_patterns p
    ON p.incident_type = r.incident_type AND p.runbook_id = r.runbook_id;

-- name: rules
-- fleet: a recount covers every site
WITH raw AS (
    SELECT
        e.site_id, e.incident_type, e.reported_id,
        sum(e.successes) AS successes,
        sum(e.failures) AS failures,
        sum(e.not_attempted) AS not_attempted,
        sum(e.chaos_successes) AS chaos_successes,
        sum(e.chaos_failures) AS chaos_failures
    FROM counted_facts e
    WHERE e.level = 'L1'
        AND pg_visible_in_snapshot(
            e.xid, (SELECT m.mark FROM fold_marks m WHERE m.fold = 'rules')
        )
    GROUP BY e.site_id, e.incident_type, e.reported_id
    UNION ALL
    SELECT
        d.site_id, d.incident_type, d.reported_id, d.successes, d.failures, d.not_attempted,
        d.chaos_successes, d.chaos_failures
    FROM dropped_counts d
    WHERE d.level = 'L1'
),
recounted AS (
    SELECT
        r.site_id, r.incident_type, r.reported_id,
        sum(r.successes) AS successes, sum(r.failures) AS failures,
        sum(r.not_attempted) AS not_attempted, sum(r.chaos_successes) AS chaos_successes,
        sum(r.chaos_failures) AS chaos_failures
    FROM raw r
    GROUP BY r.site_id, r.incident_type, r.reported_id
),
-- The same reported id may have meant several rules in turn: compared is their sum.
stored AS (
    SELECT
        c.site_id, c.incident_type, c.reported_id,
        sum(c.successes) AS successes, sum(c.failures) AS failures,
        sum(c.not_attempted) AS not_attempted, sum(c.chaos_successes) AS chaos_successes,
        sum(c.chaos_failures) AS chaos_failures
    FROM rule_counts c
    GROUP BY c.site_id, c.incident_type, c.reported_id
)
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE (
            s.successes, s.failures, s.not_attempted, s.chaos_successes, s.chaos_failures
        ) IS DISTINCT FROM (
            r.successes, r.failures, r.not_attempted, r.chaos_successes, r.chaos_failures
        )
    ) AS differing
FROM recounted r
FULL JOIN stored s
    ON s.site_id = r.site_id AND s.incident_type = r.incident_type
    AND s.reported_id = r.reported_id;

-- name: days
-- fleet: a recount covers every site
WITH raw AS (
    SELECT
        (e.evidence_at AT TIME ZONE 'UTC')::date AS day,
        e.level,
        sum(e.successes + e.chaos_successes) AS successes,
        sum(e.failures + e.chaos_failures) AS failures,
        sum(e.not_attempted) AS not_attempted,
        sum(e.claimed_successes) AS claimed_successes,
        sum(e.claimed_failures) AS claimed_failures
    FROM counted_facts e
    WHERE pg_visible_in_snapshot(e.xid, (SELECT m.mark FROM fold_marks m WHERE m.fold = 'days'))
    GROUP BY (e.evidence_at AT TIME ZONE 'UTC')::date, e.level
    UNION ALL
    SELECT d.day, d.level, d.dropped_successes, d.dropped_failures, d.dropped_not_attempted,
    d.dropped_claimed_successes, d.dropped_claimed_failures
    FROM level_days d
),
recounted AS (
    SELECT
        r.day, r.level, sum(r.successes) AS successes, sum(r.failures) AS failures,
        sum(r.not_attempted) AS not_attempted,
        sum(r.claimed_successes) AS claimed_successes,
        sum(r.claimed_failures) AS claimed_failures
    FROM raw r
    GROUP BY r.day, r.level
)
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE (d.successes, d.failures, d.not_attempted, d.claimed_successes, d.claimed_failures)
            IS DISTINCT FROM (r.successes, r.failures, r.not_attempted, r.claimed_successes, r.claimed_failures)
    ) AS differing
FROM recounted r
FULL JOIN level_days d ON d.day = r.day AND d.level = r.level;

-- name: counters
-- fleet: a rule may run on many sites
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE (l.match_count, l.success_count, l.failure_count)
            IS DISTINCT FROM (c.matches, c.successes, c.failures)
    ) AS differing
FROM l1_rules l
CROSS JOIN LATERAL (
    SELECT
        COALESCE(sum(r.successes + r.failures + r.not_attempted), 0) AS matches,
        COALESCE(sum(r.successes), 0) AS successes,
        COALESCE(sum(r.failures), 0) AS failures
    FROM rule_counts r
    WHERE r.rule = l.id
) c;

-- name: keys
-- fleet: a recount covers every site
-- Each fact in force has its key, and each accepted execution within retention its one fact; none
-- where it was taken back (`executions/actions/order_executions.py`).
WITH facts AS (
    SELECT e.site_id, e.execution_id, sum(e.weight) AS weight
    FROM executions e
    GROUP BY e.site_id, e.execution_id
)
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE f.weight IS DISTINCT FROM 1
            AND NOT (f.weight = 0 AND EXISTS (
                SELECT 1
                FROM corrections c
                WHERE c.site_id = k.site_id
                    AND c.execution_id = k.execution_id
                    AND c.digest = convert_to('taken back', 'UTF8')
            ))
            AND (k.execution_id IS NULL OR k.received_at >= (
                SELECT COALESCE(min(x.received_at), 'infinity') FROM executions x
            ))
    ) AS differing
FROM facts f
FULL JOIN execution_keys k ON k.site_id = f.site_id AND k.execution_id = f.execution_id;

-- name: deliveries
-- fleet: a recount covers every site
-- What a delivery claims rests on a fact of that very moment. The other way round cannot be asked:
-- a report without the rule takes its matches back, and an id may have meant another rule then.
WITH claimed AS (
    SELECT d.rule, d.appliance_id, d.site_id, d.matching_at AS at, false AS success
    FROM rule_deliveries d
    WHERE d.matching_at IS NOT NULL
    UNION ALL
    SELECT d.rule, d.appliance_id, d.site_id, d.succeeding_at, true
    FROM rule_deliveries d
    WHERE d.succeeding_at IS NOT NULL
),
backed AS (
    SELECT DISTINCT c.rule, c.appliance_id, c.success
    FROM claimed c
    JOIN executions e ON e.site_id = c.site_id AND e.received_at = c.at
    WHERE e.level = 'L1'
        AND e.weight > 0
        AND (
            e.appliance_id IS NULL
            OR e.appliance_id = c.appliance_id
            -- What was merged into it was it.
            OR e.appliance_id IN (
                SELECT a.id FROM appliances a WHERE a.merged_into = c.appliance_id
            )
        )
        AND (e.outcome = 'success' OR NOT c.success)
)
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE b.rule IS NULL
            -- Of what was dropped nothing can be said.
            AND c.at >= (SELECT COALESCE(min(x.received_at), 'infinity') FROM executions x)
    ) AS differing
FROM claimed c
LEFT JOIN backed b
    ON b.rule = c.rule AND b.appliance_id = c.appliance_id AND b.success = c.success;
