-- name: lock
-- fleet: folds cross tenants
SELECT pg_advisory_xact_lock(7305117, 3);

-- name: share
-- fleet: folds cross tenants
-- Folds write tables of their own, so they only keep out whoever takes the lock for himself, and any
-- other transaction that would take the same fold.
SELECT pg_advisory_xact_lock_shared(7305117, 3), pg_advisory_xact_lock(7305118, hashtext($1));

-- name: plan_by_index
-- fleet: no table is read
-- What is new lies at one end of an index; a planner without fresh statistics cannot know.
SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: mark
-- fleet: folds cross tenants
SELECT
    m.mark::text AS mark, m.folded_at,
    m.system_identifier <> c.system_identifier AS elsewhere
FROM fold_marks m
CROSS JOIN pg_control_system() c
WHERE m.fold = $1;

-- name: elsewhere
-- fleet: folds cross tenants
SELECT EXISTS (
    SELECT 1
    FROM fold_marks m
    CROSS JOIN pg_control_system() c
    WHERE m.fold = ANY($1::text[])
        AND m.system_identifier <> c.system_identifier
);

-- name: start
-- fleet: folds cross tenants
-- Nothing is visible in this snapshot: the first fold takes everything.
INSERT INTO fold_marks (fold, mark, system_identifier, folded_at)
SELECT $1, '1:1:'::pg_snapshot, c.system_identifier, $2
FROM pg_control_system() c
ON CONFLICT (fold) DO UPDATE
SET mark = excluded.mark,
    system_identifier = excluded.system_identifier,
    folded_at = excluded.folded_at;

-- name: fold_patterns
-- fleet: one statement folds what is new of every site
WITH new AS MATERIALIZED (
    SELECT
        e.site_id,
        e.incident_type,
        COALESCE(a.runbook_id, e.reported_id) AS runbook_id,
        e.hostname,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NULL AND e.outcome = 'success'), 0) AS successes,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NULL AND e.outcome = 'success' AND e.verified), 0) AS verified_successes,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NULL AND e.outcome = 'failure'), 0) AS failures,
        COALESCE(sum(e.weight) FILTER (WHERE e.outcome = 'not_attempted'), 0) AS not_attempted,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NOT NULL AND e.outcome = 'success'), 0) AS chaos_successes,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NOT NULL AND e.outcome = 'failure'), 0) AS chaos_failures,
        min(e.occurred_at) AS first_seen_at,
        max(e.occurred_at) AS last_seen_at,
        count(*) AS facts,
        row_number() OVER () AS place
    FROM executions e
    LEFT JOIN aliases a ON a.alias = e.reported_id
    WHERE e.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
        AND NOT pg_visible_in_snapshot(e.xid, $1::text::pg_snapshot)
        AND pg_visible_in_snapshot(e.xid, (SELECT pg_current_snapshot()))
        AND e.level = 'L2'
    GROUP BY e.site_id, e.incident_type, COALESCE(a.runbook_id, e.reported_id), e.hostname
    -- Everyone takes patterns in this order: no two transactions wait for each other in a ring.
    ORDER BY e.site_id, e.incident_type, COALESCE(a.runbook_id, e.reported_id), e.hostname
),
changed AS (
    UPDATE patterns p
    SET successes = p.successes + n.successes,
        verified_successes = p.verified_successes + n.verified_successes,
        failures = p.failures + n.failures,
        not_attempted = p.not_attempted + n.not_attempted,
        chaos_successes = p.chaos_successes + n.chaos_successes,
        chaos_failures = p.chaos_failures + n.chaos_failures,
        first_seen_at = LEAST(p.first_seen_at, n.first_seen_at),
        last_seen_at = GREATEST(p.last_seen_at, n.last_seen_at),
        -- Only what may change its state is looked at: a candidate, and what may become one.
        due_at = CASE
            WHEN p.state = 'eligible'
                OR p.state IN ('observed', 'withdrawn') AND NOT p.blocked AND counts_suffice(
                    p.successes + n.successes, p.verified_successes + n.verified_successes,
                    p.failures + n.failures, p.chaos_successes + n.chaos_successes,
                    p.chaos_failures + n.chaos_failures, $3, $4, $5, $6, $7
                )
                THEN '-infinity'
            ELSE p.due_at
        END
    FROM new n
    WHERE p.site_id = n.site_id
        AND p.incident_type = n.incident_type
        AND p.runbook_id = n.runbook_id
        AND p.hostname = n.hostname
    RETURNING n.place
),
keyed AS (
    SELECT
        n.*,
        pattern_id(n.site_id, pattern_signature(n.incident_type, n.runbook_id, n.hostname)) AS id
    FROM new n
    -- By place: the patterns that are there were looked up once, and a list is hashed.
    WHERE n.place NOT IN (SELECT c.place FROM changed c)
),
placed AS (
    SELECT
        k.*,
        row_number() OVER (
            PARTITION BY k.id ORDER BY k.incident_type, k.runbook_id, k.hostname
        ) > 1 OR EXISTS (SELECT 1 FROM patterns p WHERE p.id = k.id) AS id_taken
    FROM keyed k
),
added AS (
    INSERT INTO patterns (
        id, site_id, incident_type, runbook_id, hostname, successes, verified_successes, failures,
        not_attempted, chaos_successes, chaos_failures, first_seen_at, last_seen_at, due_at
    )
    SELECT
        -- Types and hosts may hold colons, so two patterns may share a signature: the later one
        -- gets an id of its own.
        CASE WHEN p.id_taken
            THEN pattern_id_apart(p.site_id, p.incident_type, p.runbook_id, p.hostname)
            ELSE p.id
        END,
        p.site_id, p.incident_type, p.runbook_id, p.hostname, p.successes, p.verified_successes,
        p.failures, p.not_attempted, p.chaos_successes, p.chaos_failures, p.first_seen_at,
        p.last_seen_at,
        CASE WHEN counts_suffice(
            p.successes, p.verified_successes, p.failures, p.chaos_successes, p.chaos_failures,
            $3, $4, $5, $6, $7
        )
            THEN '-infinity'::timestamptz
        END
    FROM placed p
    RETURNING 1
),
marked AS (
    UPDATE fold_marks
    SET mark = pg_current_snapshot(), folded_at = $2
    WHERE fold = 'patterns'
)
SELECT
    (SELECT COALESCE(sum(n.facts), 0) FROM new n)::bigint AS rows_in,
    (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) AS rows_out;

-- name: fold_platform
-- fleet: one statement folds what is new of every site
WITH new AS MATERIALIZED (
    SELECT
        e.incident_type,
        COALESCE(a.runbook_id, e.reported_id) AS runbook_id,
        e.site_id,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NULL AND e.outcome = 'success'), 0) AS successes,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NULL AND e.outcome = 'success' AND e.verified), 0) AS verified_successes,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NULL AND e.outcome = 'failure'), 0) AS failures,
        COALESCE(sum(e.weight) FILTER (WHERE e.outcome = 'not_attempted'), 0) AS not_attempted,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NOT NULL AND e.outcome = 'success'), 0) AS chaos_successes,
        COALESCE(sum(e.weight) FILTER (WHERE e.chaos_campaign_id IS NOT NULL AND e.outcome = 'failure'), 0) AS chaos_failures,
        COALESCE(sum(e.weight) FILTER (WHERE s.since AND e.chaos_campaign_id IS NULL AND e.outcome = 'success'), 0) AS since_successes,
        COALESCE(sum(e.weight) FILTER (WHERE s.since AND e.chaos_campaign_id IS NULL AND e.outcome = 'success' AND e.verified), 0) AS since_verified_successes,
        COALESCE(sum(e.weight) FILTER (WHERE s.since AND e.chaos_campaign_id IS NULL AND e.outcome = 'failure'), 0) AS since_failures,
        COALESCE(sum(e.weight) FILTER (WHERE s.since AND e.chaos_campaign_id IS NOT NULL AND e.outcome = 'success'), 0) AS since_chaos_successes,
        COALESCE(sum(e.weight) FILTER (WHERE s.since AND e.chaos_campaign_id IS NOT NULL AND e.outcome = 'failure'), 0) AS since_chaos_failures,
        min(e.occurred_at) AS first_seen_at,
        max(e.occurred_at) AS last_seen_at,
        count(*) AS facts
    FROM executions e
    LEFT JOIN aliases a ON a.alias = e.reported_id
    LEFT JOIN platform_patterns p
        ON p.incident_type = e.incident_type
        AND p.runbook_id = COALESCE(a.runbook_id, e.reported_id)
    CROSS JOIN LATERAL (
        SELECT e.evidence_at >= COALESCE(p.counted_from, '-infinity') AS since
    ) s
    WHERE e.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
        AND NOT pg_visible_in_snapshot(e.xid, $1::text::pg_snapshot)
        AND pg_visible_in_snapshot(e.xid, (SELECT pg_current_snapshot()))
        AND e.level = 'L2'
    GROUP BY e.incident_type, COALESCE(a.runbook_id, e.reported_id), e.site_id
),
folded AS (
    INSERT INTO platform_pattern_sites (
        incident_type, runbook_id, site_id, successes, verified_successes, failures, not_attempted,
        chaos_successes, chaos_failures, since_successes, since_verified_successes, since_failures,
        since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at
    )
    SELECT
        n.incident_type, n.runbook_id, n.site_id, n.successes, n.verified_successes, n.failures,
        n.not_attempted, n.chaos_successes, n.chaos_failures, n.since_successes,
        n.since_verified_successes, n.since_failures, n.since_chaos_successes,
        n.since_chaos_failures, n.first_seen_at, n.last_seen_at
    FROM new n
    ORDER BY n.incident_type, n.runbook_id, n.site_id
    ON CONFLICT (incident_type, runbook_id, site_id) DO UPDATE
    SET successes = platform_pattern_sites.successes + excluded.successes,
        verified_successes
            = platform_pattern_sites.verified_successes + excluded.verified_successes,
        failures = platform_pattern_sites.failures + excluded.failures,
        not_attempted = platform_pattern_sites.not_attempted + excluded.not_attempted,
        chaos_successes = platform_pattern_sites.chaos_successes + excluded.chaos_successes,
        chaos_failures = platform_pattern_sites.chaos_failures + excluded.chaos_failures,
        since_successes = platform_pattern_sites.since_successes + excluded.since_successes,
        since_verified_successes
            = platform_pattern_sites.since_verified_successes + excluded.since_verified_successes,
        since_failures = platform_pattern_sites.since_failures + excluded.since_failures,
        since_chaos_successes
            = platform_pattern_sites.since_chaos_successes + excluded.since_chaos_successes,
        since_chaos_failures
            = platform_pattern_sites.since_chaos_failures + excluded.since_chaos_failures,
        first_seen_at = LEAST(platform_pattern_sites.first_seen_at, excluded.first_seen_at),
        last_seen_at = GREATEST(platform_pattern_sites.last_seen_at, excluded.last_seen_at)
    RETURNING WITH (OLD AS before, NEW AS after)
        after.incident_type, after.runbook_id,
        COALESCE(before.successes + before.failures > 0, false)
            <> (after.successes + after.failures > 0)
        OR COALESCE(before.since_successes + before.since_failures > 0, false)
            <> (after.since_successes + after.since_failures > 0)
        OR COALESCE(
            before.since_successes + before.since_failures
                + before.since_chaos_successes + before.since_chaos_failures > 0,
            false
        ) <> (
            after.since_successes + after.since_failures
                + after.since_chaos_successes + after.since_chaos_failures > 0
        ) AS turned
),
-- A pair where a site began to count, or ceased to, has its sites and organizations counted anew.
unsettled AS MATERIALIZED (
    SELECT DISTINCT f.incident_type, f.runbook_id
    FROM folded f
    WHERE f.turned
),
contributed AS (
    SELECT
        n.incident_type, n.runbook_id,
        sum(n.successes) AS successes,
        sum(n.verified_successes) AS verified_successes,
        sum(n.failures) AS failures,
        sum(n.not_attempted) AS not_attempted,
        sum(n.chaos_successes) AS chaos_successes,
        sum(n.chaos_failures) AS chaos_failures,
        sum(n.since_successes) AS since_successes,
        sum(n.since_verified_successes) AS since_verified_successes,
        sum(n.since_failures) AS since_failures,
        sum(n.since_chaos_successes) AS since_chaos_successes,
        sum(n.since_chaos_failures) AS since_chaos_failures,
        sum(GREATEST(n.since_successes + n.since_failures, 0)) AS since_grown,
        min(n.first_seen_at) AS first_seen_at,
        max(n.last_seen_at) AS last_seen_at
    FROM new n
    JOIN sites s ON s.id = n.site_id
    JOIN organizations o ON o.id = s.organization_id
    WHERE o.contributes
    GROUP BY n.incident_type, n.runbook_id
),
-- Of all other pairs only the sums change, by what is new.
added AS (
    UPDATE platform_patterns p
    SET successes = p.successes + c.successes,
        verified_successes = p.verified_successes + c.verified_successes,
        failures = p.failures + c.failures,
        not_attempted = p.not_attempted + c.not_attempted,
        chaos_successes = p.chaos_successes + c.chaos_successes,
        chaos_failures = p.chaos_failures + c.chaos_failures,
        since_successes = p.since_successes + c.since_successes,
        since_verified_successes = p.since_verified_successes + c.since_verified_successes,
        since_failures = p.since_failures + c.since_failures,
        since_chaos_successes = p.since_chaos_successes + c.since_chaos_successes,
        since_chaos_failures = p.since_chaos_failures + c.since_chaos_failures,
        -- No less than it is: for servers of the release before, whose gate reads the column.
        since_largest_organization = p.since_largest_organization + c.since_grown,
        first_seen_at = LEAST(p.first_seen_at, c.first_seen_at),
        last_seen_at = GREATEST(p.last_seen_at, c.last_seen_at),
        aggregated_at = $2
    FROM contributed c
    WHERE p.incident_type = c.incident_type
        AND p.runbook_id = c.runbook_id
        AND NOT EXISTS (
            SELECT 1
            FROM unsettled u
            WHERE u.incident_type = c.incident_type AND u.runbook_id = c.runbook_id
        )
    RETURNING p.incident_type, p.runbook_id
),
marked AS (
    UPDATE fold_marks
    SET mark = pg_current_snapshot(), folded_at = $2
    WHERE fold = 'platform'
)
SELECT
    n.incident_type, n.runbook_id, sum(n.facts)::bigint AS facts,
    EXISTS (
        SELECT 1
        FROM added a
        WHERE a.incident_type = n.incident_type AND a.runbook_id = n.runbook_id
    ) AS added
FROM new n
GROUP BY n.incident_type, n.runbook_id;

-- name: pairs_of_changed_organizations
-- fleet: an opt-out takes the organization's counts out of the platform's aggregates
SELECT DISTINCT t.incident_type, t.runbook_id
FROM organizations o
JOIN sites s ON s.organization_id = o.id
JOIN platform_pattern_sites t ON t.site_id = s.id
WHERE o.contributes_changed_at >= $1
    -- A new one has no past that could come or go.
    AND o.contributes_changed_at <> o.created_at;

-- name: aggregate_platform
-- fleet: counts only leave their tenants
WITH pairs AS (
    SELECT u.incident_type, u.runbook_id, u.place
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (incident_type, runbook_id, place)
),
contributing AS MATERIALIZED (
    SELECT s.id AS site_id, s.organization_id
    FROM sites s
    JOIN organizations o ON o.id = s.organization_id
    WHERE o.contributes
),
-- What only organizations tell; summing everything by organization first takes half as long again.
by_organization AS (
    SELECT
        p.place,
        bool_or(t.successes + t.failures > 0) AS taught,
        sum(t.since_successes + t.since_failures) AS since_attempts,
        bool_or(
            t.since_successes + t.since_failures
                + t.since_chaos_successes + t.since_chaos_failures > 0
        ) AS since_taught
    FROM pairs p
    JOIN platform_pattern_sites t
        ON t.incident_type = p.incident_type AND t.runbook_id = p.runbook_id
    JOIN contributing c ON c.site_id = t.site_id
    -- Numbers are grouped in less time than names.
    GROUP BY p.place, c.organization_id
),
organizations AS (
    SELECT
        b.place,
        count(*) FILTER (WHERE b.taught) AS organizations,
        count(*) FILTER (WHERE b.since_attempts > 0) AS since_organizations,
        count(*) FILTER (WHERE b.since_taught) AS since_chaos_organizations,
        max(b.since_attempts) AS since_largest_organization
    FROM by_organization b
    GROUP BY b.place
),
sums AS (
    SELECT
        p.place,
        count(*) FILTER (WHERE t.successes + t.failures > 0) AS sites,
        count(*) FILTER (WHERE t.since_successes + t.since_failures > 0) AS since_sites,
        sum(t.successes) AS successes,
        sum(t.verified_successes) AS verified_successes,
        sum(t.failures) AS failures,
        sum(t.not_attempted) AS not_attempted,
        sum(t.chaos_successes) AS chaos_successes,
        sum(t.chaos_failures) AS chaos_failures,
        sum(t.since_successes) AS since_successes,
        sum(t.since_verified_successes) AS since_verified_successes,
        sum(t.since_failures) AS since_failures,
        sum(t.since_chaos_successes) AS since_chaos_successes,
        sum(t.since_chaos_failures) AS since_chaos_failures,
        min(t.first_seen_at) AS first_seen_at,
        max(t.last_seen_at) AS last_seen_at
    FROM pairs p
    JOIN platform_pattern_sites t
        ON t.incident_type = p.incident_type AND t.runbook_id = p.runbook_id
    JOIN contributing c ON c.site_id = t.site_id
    GROUP BY p.place
),
totals AS (
    SELECT
        p.incident_type,
        p.runbook_id,
        COALESCE(u.sites, 0) AS sites,
        COALESCE(u.since_sites, 0) AS since_sites,
        COALESCE(o.organizations, 0) AS organizations,
        COALESCE(o.since_organizations, 0) AS since_organizations,
        COALESCE(o.since_chaos_organizations, 0) AS since_chaos_organizations,
        COALESCE(u.successes, 0) AS successes,
        COALESCE(u.verified_successes, 0) AS verified_successes,
        COALESCE(u.failures, 0) AS failures,
        COALESCE(u.not_attempted, 0) AS not_attempted,
        COALESCE(u.chaos_successes, 0) AS chaos_successes,
        COALESCE(u.chaos_failures, 0) AS chaos_failures,
        COALESCE(u.since_successes, 0) AS since_successes,
        COALESCE(u.since_verified_successes, 0) AS since_verified_successes,
        COALESCE(u.since_failures, 0) AS since_failures,
        COALESCE(u.since_chaos_successes, 0) AS since_chaos_successes,
        COALESCE(u.since_chaos_failures, 0) AS since_chaos_failures,
        COALESCE(o.since_largest_organization, 0) AS since_largest_organization,
        u.first_seen_at,
        u.last_seen_at
    FROM pairs p
    LEFT JOIN sums u ON u.place = p.place
    LEFT JOIN organizations o ON o.place = p.place
)
INSERT INTO platform_patterns (
    incident_type, runbook_id, sites, organizations, successes, verified_successes, failures,
    not_attempted, chaos_successes, chaos_failures, since_sites, since_organizations,
    since_chaos_organizations, since_successes, since_verified_successes, since_failures,
    since_chaos_successes, since_chaos_failures, since_largest_organization, first_seen_at,
    last_seen_at, aggregated_at
)
SELECT
    t.incident_type, t.runbook_id, t.sites, t.organizations, t.successes, t.verified_successes,
    t.failures, t.not_attempted, t.chaos_successes, t.chaos_failures, t.since_sites,
    t.since_organizations, t.since_chaos_organizations, t.since_successes,
    t.since_verified_successes, t.since_failures, t.since_chaos_successes, t.since_chaos_failures,
    t.since_largest_organization, t.first_seen_at, t.last_seen_at, $3
FROM totals t
ORDER BY t.incident_type, t.runbook_id
ON CONFLICT (incident_type, runbook_id) DO UPDATE
SET sites = excluded.sites,
    organizations = excluded.organizations,
    successes = excluded.successes,
    verified_successes = excluded.verified_successes,
    failures = excluded.failures,
    not_attempted = excluded.not_attempted,
    chaos_successes = excluded.chaos_successes,
    chaos_failures = excluded.chaos_failures,
    since_sites = excluded.since_sites,
    since_organizations = excluded.since_organizations,
    since_chaos_organizations = excluded.since_chaos_organizations,
    since_successes = excluded.since_successes,
    since_verified_successes = excluded.since_verified_successes,
    since_failures = excluded.since_failures,
    since_chaos_successes = excluded.since_chaos_successes,
    since_chaos_failures = excluded.since_chaos_failures,
    since_largest_organization = excluded.since_largest_organization,
    first_seen_at = excluded.first_seen_at,
    last_seen_at = excluded.last_seen_at,
    aggregated_at = excluded.aggregated_at;

-- name: fold_deliveries
-- fleet: one statement folds what is new of every site
-- An L1 execution proves that its rule runs on its appliance: the one that the key is bound to, else
-- the one that the body names, else the only one of the site.
WITH new AS MATERIALIZED (
    SELECT
        e.site_id, e.incident_type, e.reported_id, e.appliance_id, e.reported_appliance,
        sum(e.weight) AS matches,
        COALESCE(sum(e.weight) FILTER (WHERE e.outcome = 'success'), 0) AS successes,
        min(e.received_at) FILTER (WHERE e.weight > 0) AS matched_at,
        min(e.received_at) FILTER (WHERE e.weight > 0 AND e.outcome = 'success') AS succeeded_at,
        max(e.received_at) AS received_at,
        count(*) AS facts
    FROM executions e
    WHERE e.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
        AND NOT pg_visible_in_snapshot(e.xid, $1::text::pg_snapshot)
        AND pg_visible_in_snapshot(e.xid, (SELECT pg_current_snapshot()))
        AND e.level = 'L1'
    GROUP BY e.site_id, e.incident_type, e.reported_id, e.appliance_id, e.reported_appliance
),
everywhere AS MATERIALIZED (
    SELECT k.incident_type, k.reported_id, r.rule
    FROM (SELECT DISTINCT n.incident_type, n.reported_id FROM new n) k
    CROSS JOIN LATERAL resolved_everywhere(k.incident_type, k.reported_id) r
),
placed AS MATERIALIZED (
    SELECT
        n.matches, n.successes, n.matched_at, n.succeeded_at, n.received_at,
        CASE
            WHEN w.incident_type IS NOT NULL THEN w.rule
            ELSE (SELECT r.rule FROM resolved_rule(n.site_id, n.incident_type, n.reported_id) r)
        END AS rule,
        COALESCE(
            n.appliance_id,
            (
                SELECT a.id
                FROM appliances a
                WHERE a.site_id = n.site_id
                    AND (
                        lower(a.wire_id) = lower(n.reported_appliance)
                        OR a.id::text = lower(n.reported_appliance)
                        OR a.mac = replace(upper(right(n.reported_appliance, 17)), '-', ':')
                    )
                ORDER BY (lower(a.wire_id) = lower(n.reported_appliance)) DESC, a.id
                LIMIT 1
            ),
            (
                SELECT min(a.id::text)::uuid
                FROM appliances a
                WHERE a.site_id = n.site_id
                HAVING count(*) = 1
            )
        ) AS appliance_id
    FROM new n
    FULL JOIN everywhere w
        ON w.incident_type = n.incident_type AND w.reported_id = n.reported_id
),
totals AS (
    SELECT
        p.rule, p.appliance_id, sum(p.matches) AS matches, sum(p.successes) AS successes,
        min(p.matched_at) AS matched_at, min(p.succeeded_at) AS succeeded_at
    FROM placed p
    JOIN rule_deliveries d ON d.rule = p.rule AND d.appliance_id = p.appliance_id
    WHERE p.received_at >= d.approved_at
    GROUP BY p.rule, p.appliance_id
),
folded AS (
    UPDATE rule_deliveries d
    SET matches = GREATEST(d.matches + t.matches, 0),
        successes = GREATEST(d.successes + t.successes, 0),
        delivered_at = COALESCE(d.delivered_at, t.matched_at),
        delivered_by = COALESCE(d.delivered_by, CASE WHEN t.matched_at IS NOT NULL THEN 'execution' END),
        active_at = COALESCE(d.active_at, t.matched_at),
        -- A correction may take the only match or success back.
        matching_at = CASE
            WHEN t.matches < 0 AND d.matches + t.matches <= 0 THEN NULL
            ELSE COALESCE(d.matching_at, t.matched_at)
        END,
        succeeding_at = CASE
            WHEN t.matches < 0 AND d.matches + t.matches <= 0
                OR t.successes < 0 AND d.successes + t.successes <= 0 THEN NULL
            ELSE COALESCE(d.succeeding_at, t.succeeded_at)
        END,
        left_at = CASE WHEN t.matched_at IS NULL THEN d.left_at END
    FROM totals t
    WHERE d.rule = t.rule
        AND d.appliance_id = t.appliance_id
    RETURNING 1
),
marked AS (
    UPDATE fold_marks
    SET mark = pg_current_snapshot(), folded_at = $2
    WHERE fold = 'deliveries'
)
SELECT
    (SELECT COALESCE(sum(n.facts), 0) FROM new n)::bigint AS rows_in,
    (SELECT count(*) FROM folded) AS rows_out;

-- name: fold_days
-- fleet: one statement folds what is new of every site
WITH new AS MATERIALIZED (
    SELECT
        (e.evidence_at AT TIME ZONE 'UTC')::date AS day,
        e.level,
        COALESCE(sum(e.weight) FILTER (WHERE e.outcome = 'success'), 0) AS successes,
        COALESCE(sum(e.weight) FILTER (WHERE e.outcome = 'failure'), 0) AS failures,
        COALESCE(sum(e.weight) FILTER (WHERE e.outcome = 'not_attempted'), 0) AS not_attempted,
        count(*) AS facts
    FROM executions e
    WHERE e.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
        AND NOT pg_visible_in_snapshot(e.xid, $1::text::pg_snapshot)
        AND pg_visible_in_snapshot(e.xid, (SELECT pg_current_snapshot()))
    GROUP BY (e.evidence_at AT TIME ZONE 'UTC')::date, e.level
),
folded AS (
    INSERT INTO level_days (day, level, successes, failures, not_attempted)
    SELECT n.day, n.level, n.successes, n.failures, n.not_attempted
    FROM new n
    ORDER BY n.day, n.level
    ON CONFLICT (day, level) DO UPDATE
    SET successes = level_days.successes + excluded.successes,
        failures = level_days.failures + excluded.failures,
        not_attempted = level_days.not_attempted + excluded.not_attempted
    RETURNING 1
),
marked AS (
    UPDATE fold_marks
    SET mark = pg_current_snapshot(), folded_at = $2
    WHERE fold = 'days'
)
SELECT
    (SELECT COALESCE(sum(n.facts), 0) FROM new n)::bigint AS rows_in,
    (SELECT count(*) FROM folded) AS rows_out;

-- name: forget_days
-- fleet: a rebuild covers every site
-- Back to what dropped partitions left.
UPDATE level_days
SET successes = dropped_successes,
    failures = dropped_failures,
    not_attempted = dropped_not_attempted;

-- name: forget_deliveries
-- fleet: a rebuild covers every site
-- What was once proven stays proven; only what corrections are measured by starts anew.
UPDATE rule_deliveries
SET matches = 0,
    successes = 0;

-- name: count_rules
-- fleet: a rule may run on many sites
UPDATE l1_rules l
SET match_count = c.matches,
    success_count = c.successes,
    failure_count = c.failures
FROM (
    SELECT
        t.id,
        COALESCE(sum(r.successes + r.failures + r.not_attempted), 0) AS matches,
        COALESCE(sum(r.successes), 0) AS successes,
        COALESCE(sum(r.failures), 0) AS failures
    FROM unnest($1::uuid[]) AS t (id)
    LEFT JOIN rule_counts r ON r.rule = t.id
    GROUP BY t.id
) c
WHERE l.id = c.id;

-- name: move_patterns
-- fleet: an alias holds for every tenant
WITH moved AS (
    DELETE FROM patterns p
    USING aliases a
    WHERE a.alias = p.runbook_id AND a.runbook_id <> p.runbook_id
    RETURNING p.*, a.runbook_id AS resolved
),
merged AS (
    SELECT
        m.site_id, m.incident_type, m.resolved AS runbook_id, m.hostname,
        sum(m.successes) AS successes, sum(m.verified_successes) AS verified_successes,
        sum(m.failures) AS failures, sum(m.not_attempted) AS not_attempted,
        sum(m.chaos_successes) AS chaos_successes, sum(m.chaos_failures) AS chaos_failures,
        min(m.first_seen_at) AS first_seen_at, max(m.last_seen_at) AS last_seen_at
    FROM moved m
    GROUP BY m.site_id, m.incident_type, m.resolved, m.hostname
)
INSERT INTO patterns (
    id, site_id, incident_type, runbook_id, hostname, successes, verified_successes, failures,
    not_attempted, chaos_successes, chaos_failures, first_seen_at, last_seen_at, due_at
)
SELECT
    CASE WHEN EXISTS (
        SELECT 1
        FROM patterns p
        WHERE p.id = pattern_id(
            g.site_id, pattern_signature(g.incident_type, g.runbook_id, g.hostname)
        )
    )
        THEN pattern_id_apart(g.site_id, g.incident_type, g.runbook_id, g.hostname)
        ELSE pattern_id(g.site_id, pattern_signature(g.incident_type, g.runbook_id, g.hostname))
    END,
    g.site_id, g.incident_type, g.runbook_id, g.hostname, g.successes, g.verified_successes,
    g.failures, g.not_attempted, g.chaos_successes, g.chaos_failures, g.first_seen_at,
    g.last_seen_at, '-infinity'
FROM merged g
ON CONFLICT (site_id, incident_type, runbook_id, hostname) DO UPDATE
SET successes = patterns.successes + excluded.successes,
    verified_successes = patterns.verified_successes + excluded.verified_successes,
    failures = patterns.failures + excluded.failures,
    not_attempted = patterns.not_attempted + excluded.not_attempted,
    chaos_successes = patterns.chaos_successes + excluded.chaos_successes,
    chaos_failures = patterns.chaos_failures + excluded.chaos_failures,
    first_seen_at = LEAST(patterns.first_seen_at, excluded.first_seen_at),
    last_seen_at = GREATEST(patterns.last_seen_at, excluded.last_seen_at),
    due_at = '-infinity';

-- name: mark_runbook_due
-- fleet: a runbook is the same for every tenant
UPDATE patterns
SET due_at = '-infinity'
WHERE runbook_id IN (SELECT a.runbook_id FROM aliases a WHERE a.alias = $1)
    AND (state = 'eligible' OR blocked OR due_at IS NOT NULL);

-- name: move_platform
-- fleet: an alias holds for every tenant
WITH moved AS (
    DELETE FROM platform_pattern_sites t
    USING aliases a
    WHERE a.alias = t.runbook_id AND a.runbook_id <> t.runbook_id
    RETURNING t.*, a.runbook_id AS resolved
),
forgotten AS (
    DELETE FROM platform_patterns p
    USING aliases a
    WHERE a.alias = p.runbook_id AND a.runbook_id <> p.runbook_id
),
merged AS (
    SELECT
        m.incident_type, m.resolved AS runbook_id, m.site_id,
        sum(m.successes) AS successes, sum(m.verified_successes) AS verified_successes,
        sum(m.failures) AS failures, sum(m.not_attempted) AS not_attempted,
        sum(m.chaos_successes) AS chaos_successes, sum(m.chaos_failures) AS chaos_failures,
        sum(m.since_successes) AS since_successes,
        sum(m.since_verified_successes) AS since_verified_successes,
        sum(m.since_failures) AS since_failures,
        sum(m.since_chaos_successes) AS since_chaos_successes,
        sum(m.since_chaos_failures) AS since_chaos_failures,
        min(m.first_seen_at) AS first_seen_at, max(m.last_seen_at) AS last_seen_at
    FROM moved m
    GROUP BY m.incident_type, m.resolved, m.site_id
),
placed AS (
    INSERT INTO platform_pattern_sites (
        incident_type, runbook_id, site_id, successes, verified_successes, failures, not_attempted,
        chaos_successes, chaos_failures, since_successes, since_verified_successes, since_failures,
        since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at
    )
    SELECT
        g.incident_type, g.runbook_id, g.site_id, g.successes, g.verified_successes, g.failures,
        g.not_attempted, g.chaos_successes, g.chaos_failures, g.since_successes,
        g.since_verified_successes, g.since_failures, g.since_chaos_successes,
        g.since_chaos_failures, g.first_seen_at, g.last_seen_at
    FROM merged g
    ON CONFLICT (incident_type, runbook_id, site_id) DO UPDATE
    SET successes = platform_pattern_sites.successes + excluded.successes,
        verified_successes
            = platform_pattern_sites.verified_successes + excluded.verified_successes,
        failures = platform_pattern_sites.failures + excluded.failures,
        not_attempted = platform_pattern_sites.not_attempted + excluded.not_attempted,
        chaos_successes = platform_pattern_sites.chaos_successes + excluded.chaos_successes,
        chaos_failures = platform_pattern_sites.chaos_failures + excluded.chaos_failures,
        since_successes = platform_pattern_sites.since_successes + excluded.since_successes,
        since_verified_successes
            = platform_pattern_sites.since_verified_successes + excluded.since_verified_successes,
        since_failures = platform_pattern_sites.since_failures + excluded.since_failures,
        since_chaos_successes
            = platform_pattern_sites.since_chaos_successes + excluded.since_chaos_successes,
        since_chaos_failures
            = platform_pattern_sites.since_chaos_failures + excluded.since_chaos_failures,
        first_seen_at = LEAST(platform_pattern_sites.first_seen_at, excluded.first_seen_at),
        last_seen_at = GREATEST(platform_pattern_sites.last_seen_at, excluded.last_seen_at)
)
SELECT DISTINCT m.incident_type, m.runbook_id
FROM merged m;

-- name: move_rules
-- fleet: an alias holds for every tenant
WITH moved AS (
    DELETE FROM rule_counts c
    WHERE c.rule IS NULL
        AND c.reported_id = $1
        AND resolve_rule(c.site_id, c.incident_type, c.reported_id) IS NOT NULL
    RETURNING c.*
)
INSERT INTO rule_counts (
    site_id, incident_type, reported_id, rule, successes, failures, not_attempted,
    chaos_successes, chaos_failures, first_seen_at, last_seen_at
)
SELECT
    m.site_id, m.incident_type, m.reported_id,
    resolve_rule(m.site_id, m.incident_type, m.reported_id), m.successes, m.failures,
    m.not_attempted, m.chaos_successes, m.chaos_failures, m.first_seen_at, m.last_seen_at
FROM moved m
ON CONFLICT (site_id, incident_type, reported_id, rule) DO UPDATE
SET successes = rule_counts.successes + excluded.successes,
    failures = rule_counts.failures + excluded.failures,
    not_attempted = rule_counts.not_attempted + excluded.not_attempted,
    chaos_successes = rule_counts.chaos_successes + excluded.chaos_successes,
    chaos_failures = rule_counts.chaos_failures + excluded.chaos_failures,
    first_seen_at = LEAST(rule_counts.first_seen_at, excluded.first_seen_at),
    last_seen_at = GREATEST(rule_counts.last_seen_at, excluded.last_seen_at)
RETURNING rule;

-- name: forget_patterns
-- fleet: a rebuild covers every site
UPDATE patterns
SET successes = 0,
    verified_successes = 0,
    failures = 0,
    not_attempted = 0,
    chaos_successes = 0,
    chaos_failures = 0,
    due_at = '-infinity';

-- name: forget_platform
-- fleet: a rebuild covers every site
DELETE FROM platform_pattern_sites;

-- name: forget_rules
-- fleet: a rebuild covers every site
DELETE FROM rule_counts;

-- name: forget_transactions
-- fleet: a rebuild covers every site
-- Transaction ids of another cluster mean nothing here: the facts count as written long ago.
UPDATE executions
SET xid = '3';

-- name: dropped_patterns
-- fleet: a rebuild covers every site
INSERT INTO patterns (
    id, site_id, incident_type, runbook_id, hostname, successes, verified_successes, failures,
    not_attempted, chaos_successes, chaos_failures, first_seen_at, last_seen_at, due_at
)
SELECT
    pattern_id_apart(
        d.site_id, d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.hostname
    ),
    d.site_id, d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.hostname,
    sum(d.successes), sum(d.verified_successes), sum(d.failures), sum(d.not_attempted),
    sum(d.chaos_successes), sum(d.chaos_failures), min(d.first_seen_at), max(d.last_seen_at),
    '-infinity'
FROM dropped_counts d
LEFT JOIN aliases a ON a.alias = d.reported_id
WHERE d.level = 'L2'
GROUP BY d.site_id, d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.hostname
ON CONFLICT (site_id, incident_type, runbook_id, hostname) DO UPDATE
SET successes = excluded.successes,
    verified_successes = excluded.verified_successes,
    failures = excluded.failures,
    not_attempted = excluded.not_attempted,
    chaos_successes = excluded.chaos_successes,
    chaos_failures = excluded.chaos_failures;

-- name: dropped_platform
-- fleet: a rebuild covers every site
INSERT INTO platform_pattern_sites (
    incident_type, runbook_id, site_id, successes, verified_successes, failures, not_attempted,
    chaos_successes, chaos_failures, since_successes, since_verified_successes, since_failures,
    since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at
)
SELECT
    d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.site_id,
    sum(d.successes), sum(d.verified_successes), sum(d.failures), sum(d.not_attempted),
    sum(d.chaos_successes), sum(d.chaos_failures), sum(d.since_successes),
    sum(d.since_verified_successes), sum(d.since_failures), sum(d.since_chaos_successes),
    sum(d.since_chaos_failures), min(d.first_seen_at), max(d.last_seen_at)
FROM dropped_counts d
LEFT JOIN aliases a ON a.alias = d.reported_id
WHERE d.level = 'L2'
GROUP BY d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.site_id;

-- name: dropped_rules
-- fleet: a rebuild covers every site
INSERT INTO rule_counts (
    site_id, incident_type, reported_id, rule, successes, failures, not_attempted,
    chaos_successes, chaos_failures, first_seen_at, last_seen_at
)
SELECT
    d.site_id, d.incident_type, d.reported_id,
    resolve_rule(d.site_id, d.incident_type, d.reported_id),
    sum(d.successes), sum(d.failures), sum(d.not_attempted), sum(d.chaos_successes),
    sum(d.chaos_failures), min(d.first_seen_at), max(d.last_seen_at)
FROM dropped_counts d
WHERE d.level = 'L1'
GROUP BY d.site_id, d.incident_type, d.reported_id;

-- name: all_pairs
-- fleet: a rebuild covers every site
SELECT t.incident_type, t.runbook_id
FROM platform_pattern_sites t
UNION
SELECT p.incident_type, p.runbook_id
FROM platform_patterns p;

-- name: all_rules
-- fleet: a rebuild covers every site
SELECT array_agg(l.id) AS rules
FROM l1_rules l;
