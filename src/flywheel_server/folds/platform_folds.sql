-- What L2 did across the platform: counts of each (incident type, runbook) by site, and from them the
-- aggregates over all organizations that contribute.

-- name: fold_platform
-- fleet: one statement folds what is new of every site
WITH new AS MATERIALIZED (
    SELECT
        f.incident_type,
        f.runbook_id,
        f.site_id,
        sum(f.successes) AS successes,
        sum(f.verified_successes) AS verified_successes,
        sum(f.failures) AS failures,
        sum(f.not_attempted) AS not_attempted,
        sum(f.claimed_successes) AS claimed_successes,
        sum(f.claimed_failures) AS claimed_failures,
        sum(f.chaos_successes) AS chaos_successes,
        sum(f.chaos_failures) AS chaos_failures,
        COALESCE(sum(f.successes) FILTER (WHERE f.since), 0) AS since_successes,
        COALESCE(sum(f.verified_successes) FILTER (WHERE f.since), 0) AS since_verified_successes,
        COALESCE(sum(f.failures) FILTER (WHERE f.since), 0) AS since_failures,
        COALESCE(sum(f.chaos_successes) FILTER (WHERE f.since), 0) AS since_chaos_successes,
        COALESCE(sum(f.chaos_failures) FILTER (WHERE f.since), 0) AS since_chaos_failures,
        min(f.occurred_at) AS first_seen_at,
        max(f.occurred_at) AS last_seen_at,
        max(f.occurred_at) FILTER (WHERE f.known) AS last_evidence_at,
        count(*) AS facts
    FROM (
        SELECT
            e.incident_type, e.runbook_id, e.site_id, e.occurred_at, e.known,
            e.successes, e.verified_successes, e.failures, e.not_attempted, e.claimed_successes,
            e.claimed_failures, e.chaos_successes, e.chaos_failures,
            (e.incident_type, e.runbook_id) NOT IN (
                SELECT p.incident_type, p.runbook_id
                FROM platform_patterns p
                WHERE p.counted_from > '-infinity'
            ) OR e.evidence_at >= (
                SELECT p.counted_from
                FROM platform_patterns p
                WHERE p.incident_type = e.incident_type AND p.runbook_id = e.runbook_id
            ) AS since
        FROM (
            -- Lists are hashed: only what has another name, or counts anew, is looked up.
            SELECT
                x.incident_type, x.site_id, x.occurred_at, x.evidence_at, x.known,
                x.successes, x.verified_successes, x.failures, x.not_attempted, x.claimed_successes,
                x.claimed_failures, x.chaos_successes, x.chaos_failures,
                CASE
                    WHEN x.reported_id IN (
                        SELECT a.alias FROM aliases a WHERE a.runbook_id <> a.alias
                    )
                        THEN (SELECT a.runbook_id FROM aliases a WHERE a.alias = x.reported_id)
                    ELSE x.reported_id
                END AS runbook_id
            FROM counted_facts x
            WHERE x.xid >= pg_snapshot_xmin(:since::text::pg_snapshot)
                AND NOT pg_visible_in_snapshot(x.xid, :since::text::pg_snapshot)
                AND pg_visible_in_snapshot(x.xid, (SELECT pg_current_snapshot()))
                AND x.level = 'L2'
            -- Said once for each fact, not where it is used.
            OFFSET 0
        ) e
        OFFSET 0
    ) f
    -- Sites first: they are the quickest to sort.
    GROUP BY f.site_id, f.incident_type, f.runbook_id
),
known AS (
    UPDATE platform_pattern_sites t
    SET successes = t.successes + n.successes,
        verified_successes = t.verified_successes + n.verified_successes,
        failures = t.failures + n.failures,
        not_attempted = t.not_attempted + n.not_attempted,
        claimed_successes = t.claimed_successes + n.claimed_successes,
        claimed_failures = t.claimed_failures + n.claimed_failures,
        chaos_successes = t.chaos_successes + n.chaos_successes,
        chaos_failures = t.chaos_failures + n.chaos_failures,
        since_successes = t.since_successes + n.since_successes,
        since_verified_successes = t.since_verified_successes + n.since_verified_successes,
        since_failures = t.since_failures + n.since_failures,
        since_chaos_successes = t.since_chaos_successes + n.since_chaos_successes,
        since_chaos_failures = t.since_chaos_failures + n.since_chaos_failures,
        first_seen_at = LEAST(t.first_seen_at, n.first_seen_at),
        last_seen_at = GREATEST(t.last_seen_at, n.last_seen_at),
        last_evidence_at = GREATEST(t.last_evidence_at, n.last_evidence_at)
    FROM new n
    WHERE t.incident_type = n.incident_type
        AND t.runbook_id = n.runbook_id
        AND t.site_id = n.site_id
    RETURNING WITH (OLD AS before, NEW AS after)
        after.incident_type, after.runbook_id, after.site_id,
        (before.successes + before.failures > 0) <> (after.successes + after.failures > 0)
        OR (before.since_successes + before.since_failures > 0)
            <> (after.since_successes + after.since_failures > 0)
        OR (
            before.since_successes + before.since_failures
                + before.since_chaos_successes + before.since_chaos_failures > 0
        ) <> (
            after.since_successes + after.since_failures
                + after.since_chaos_successes + after.since_chaos_failures > 0
        ) AS turned
),
added AS (
    INSERT INTO platform_pattern_sites (
        incident_type, runbook_id, site_id, successes, verified_successes, failures, not_attempted,
        claimed_successes, claimed_failures,
        chaos_successes, chaos_failures, since_successes, since_verified_successes, since_failures,
        since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at, last_evidence_at
    )
    SELECT
        n.incident_type, n.runbook_id, n.site_id, n.successes, n.verified_successes, n.failures,
        n.not_attempted, n.claimed_successes, n.claimed_failures, n.chaos_successes,
        n.chaos_failures, n.since_successes,
        n.since_verified_successes, n.since_failures, n.since_chaos_successes,
        n.since_chaos_failures, n.first_seen_at, n.last_seen_at, n.last_evidence_at
    FROM new n
    -- A list is hashed; a join might go through it once for each.
    WHERE (n.incident_type, n.runbook_id, n.site_id) NOT IN (
        SELECT k.incident_type, k.runbook_id, k.site_id FROM known k
    )
    RETURNING
        incident_type, runbook_id,
        successes + failures > 0
        OR since_successes + since_failures + since_chaos_successes + since_chaos_failures > 0
            AS turned
),
-- A pair where a site began to count, or ceased to, has its sites and organizations counted anew.
unsettled AS MATERIALIZED (
    SELECT k.incident_type, k.runbook_id
    FROM known k
    WHERE k.turned
    UNION
    SELECT a.incident_type, a.runbook_id
    FROM added a
    WHERE a.turned
),
contributed AS (
    SELECT
        n.incident_type, n.runbook_id,
        sum(n.successes) AS successes,
        sum(n.verified_successes) AS verified_successes,
        sum(n.failures) AS failures,
        sum(n.not_attempted) AS not_attempted,
        sum(n.claimed_successes) AS claimed_successes,
        sum(n.claimed_failures) AS claimed_failures,
        sum(n.chaos_successes) AS chaos_successes,
        sum(n.chaos_failures) AS chaos_failures,
        sum(n.since_successes) AS since_successes,
        sum(n.since_verified_successes) AS since_verified_successes,
        sum(n.since_failures) AS since_failures,
        sum(n.since_chaos_successes) AS since_chaos_successes,
        sum(n.since_chaos_failures) AS since_chaos_failures,
        sum(GREATEST(n.since_successes + n.since_failures, 0)) AS since_grown,
        min(n.first_seen_at) AS first_seen_at,
        max(n.last_seen_at) AS last_seen_at,
        max(n.last_evidence_at) AS last_evidence_at
    FROM new n
    WHERE n.site_id NOT IN (
        SELECT s.id
        FROM organizations o
        JOIN sites s ON s.organization_id = o.id
        WHERE NOT o.contributes
    )
    GROUP BY n.incident_type, n.runbook_id
),
-- Of all other pairs only the sums change, by what is new.
summed AS (
    UPDATE platform_patterns p
    SET successes = p.successes + c.successes,
        verified_successes = p.verified_successes + c.verified_successes,
        failures = p.failures + c.failures,
        not_attempted = p.not_attempted + c.not_attempted,
        claimed_successes = p.claimed_successes + c.claimed_successes,
        claimed_failures = p.claimed_failures + c.claimed_failures,
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
        last_evidence_at = GREATEST(p.last_evidence_at, c.last_evidence_at),
        aggregated_at = :now
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
    SET mark = pg_current_snapshot(), folded_at = :now
    WHERE fold = 'platform'
)
SELECT
    n.incident_type, n.runbook_id, sum(n.facts)::bigint AS facts,
    EXISTS (
        SELECT 1
        FROM summed s
        WHERE s.incident_type = n.incident_type AND s.runbook_id = n.runbook_id
    ) AS summed
FROM new n
GROUP BY n.incident_type, n.runbook_id;

-- name: pairs_of_changed_organizations
-- fleet: an opt-out takes the organization's counts out of the platform's aggregates
SELECT DISTINCT t.incident_type, t.runbook_id
FROM organizations o
JOIN sites s ON s.organization_id = o.id
JOIN platform_pattern_sites t ON t.site_id = s.id
WHERE o.contributes_changed_at >= :since
    -- A new one has no past that could come or go.
    AND o.contributes_changed_at <> o.created_at;

-- name: aggregate_platform
-- fleet: counts only leave their tenants
WITH pairs AS (
    SELECT u.incident_type, u.runbook_id, u.place
    FROM unnest(:types::text[], :runbooks::text[]) WITH ORDINALITY
        AS u (incident_type, runbook_id, place)
),
contributing AS MATERIALIZED (
    SELECT s.id AS site_id, s.organization_id
    FROM sites s
    JOIN organizations o ON o.id = s.organization_id
    WHERE o.contributes
),
sums AS (
    SELECT
        p.place,
        count(*) FILTER (WHERE t.successes + t.failures > 0) AS sites,
        count(*) FILTER (WHERE t.since_successes + t.since_failures > 0) AS since_sites,
        sum(t.successes) AS successes, sum(t.verified_successes) AS verified_successes,
        sum(t.failures) AS failures, sum(t.not_attempted) AS not_attempted,
        sum(t.claimed_successes) AS claimed_successes, sum(t.claimed_failures) AS claimed_failures,
        sum(t.chaos_successes) AS chaos_successes, sum(t.chaos_failures) AS chaos_failures,
        sum(t.since_successes) AS since_successes,
        sum(t.since_verified_successes) AS since_verified_successes,
        sum(t.since_failures) AS since_failures,
        sum(t.since_chaos_successes) AS since_chaos_successes,
        sum(t.since_chaos_failures) AS since_chaos_failures, min(t.first_seen_at) AS first_seen_at,
        max(t.last_seen_at) AS last_seen_at, max(t.last_evidence_at) AS last_evidence_at
    FROM pairs p
    JOIN platform_pattern_sites t
        ON t.incident_type = p.incident_type AND t.runbook_id = p.runbook_id
    JOIN contributing c ON c.site_id = t.site_id
    GROUP BY p.place
)
INSERT INTO platform_patterns (
    incident_type, runbook_id,
    sites, since_sites, successes, verified_successes, failures, not_attempted, claimed_successes,
    claimed_failures, chaos_successes, chaos_failures, since_successes, since_verified_successes,
    since_failures, since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at,
    last_evidence_at, aggregated_at
)
SELECT
    p.incident_type, p.runbook_id,
    COALESCE(u.sites, 0), COALESCE(u.since_sites, 0), COALESCE(u.successes, 0),
    COALESCE(u.verified_successes, 0), COALESCE(u.failures, 0), COALESCE(u.not_attempted, 0),
    COALESCE(u.claimed_successes, 0), COALESCE(u.claimed_failures, 0),
    COALESCE(u.chaos_successes, 0), COALESCE(u.chaos_failures, 0), COALESCE(u.since_successes, 0),
    COALESCE(u.since_verified_successes, 0), COALESCE(u.since_failures, 0),
    COALESCE(u.since_chaos_successes, 0), COALESCE(u.since_chaos_failures, 0), u.first_seen_at,
    u.last_seen_at, u.last_evidence_at, :now
FROM pairs p
LEFT JOIN sums u ON u.place = p.place
ORDER BY p.incident_type, p.runbook_id
ON CONFLICT (incident_type, runbook_id) DO UPDATE
SET (
        sites, since_sites, successes, verified_successes, failures, not_attempted,
        claimed_successes, claimed_failures, chaos_successes, chaos_failures, since_successes,
        since_verified_successes, since_failures, since_chaos_successes, since_chaos_failures,
        first_seen_at, last_seen_at, last_evidence_at, aggregated_at
    ) = (
        excluded.sites, excluded.since_sites, excluded.successes, excluded.verified_successes,
        excluded.failures, excluded.not_attempted, excluded.claimed_successes,
        excluded.claimed_failures, excluded.chaos_successes, excluded.chaos_failures,
        excluded.since_successes, excluded.since_verified_successes, excluded.since_failures,
        excluded.since_chaos_successes, excluded.since_chaos_failures, excluded.first_seen_at,
        excluded.last_seen_at, excluded.last_evidence_at, excluded.aggregated_at
    );

-- name: aggregate_organizations
-- fleet: counts only leave their tenants
-- What only organizations tell; summing everything by organization first takes half as long again.
WITH pairs AS (
    SELECT u.incident_type, u.runbook_id, u.place
    FROM unnest(:types::text[], :runbooks::text[]) WITH ORDINALITY
        AS u (incident_type, runbook_id, place)
),
contributing AS MATERIALIZED (
    SELECT s.id AS site_id, s.organization_id
    FROM sites s
    JOIN organizations o ON o.id = s.organization_id
    WHERE o.contributes
),
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
counted AS (
    SELECT
        b.place,
        count(*) FILTER (WHERE b.taught) AS organizations,
        count(*) FILTER (WHERE b.since_attempts > 0) AS since_organizations,
        count(*) FILTER (WHERE b.since_taught) AS since_chaos_organizations,
        max(b.since_attempts) AS since_largest_organization
    FROM by_organization b
    GROUP BY b.place
)
UPDATE platform_patterns t
SET organizations = COALESCE(o.organizations, 0),
    since_organizations = COALESCE(o.since_organizations, 0),
    since_chaos_organizations = COALESCE(o.since_chaos_organizations, 0),
    since_largest_organization = COALESCE(o.since_largest_organization, 0)
FROM pairs p
LEFT JOIN counted o ON o.place = p.place
WHERE t.incident_type = p.incident_type
    AND t.runbook_id = p.runbook_id;

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
        sum(m.claimed_successes) AS claimed_successes,
        sum(m.claimed_failures) AS claimed_failures,
        sum(m.chaos_successes) AS chaos_successes, sum(m.chaos_failures) AS chaos_failures,
        sum(m.since_successes) AS since_successes,
        sum(m.since_verified_successes) AS since_verified_successes,
        sum(m.since_failures) AS since_failures,
        sum(m.since_chaos_successes) AS since_chaos_successes,
        sum(m.since_chaos_failures) AS since_chaos_failures,
        min(m.first_seen_at) AS first_seen_at, max(m.last_seen_at) AS last_seen_at,
        max(m.last_evidence_at) AS last_evidence_at
    FROM moved m
    GROUP BY m.incident_type, m.resolved, m.site_id
),
placed AS (
    INSERT INTO platform_pattern_sites (
        incident_type, runbook_id, site_id, successes, verified_successes, failures, not_attempted,
        claimed_successes, claimed_failures,
        chaos_successes, chaos_failures, since_successes, since_verified_successes, since_failures,
        since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at, last_evidence_at
    )
    SELECT
        g.incident_type, g.runbook_id, g.site_id, g.successes, g.verified_successes, g.failures,
        g.not_attempted, g.claimed_successes, g.claimed_failures, g.chaos_successes,
        g.chaos_failures, g.since_successes,
        g.since_verified_successes, g.since_failures, g.since_chaos_successes,
        g.since_chaos_failures, g.first_seen_at, g.last_seen_at, g.last_evidence_at
    FROM merged g
    ON CONFLICT (incident_type, runbook_id, site_id) DO UPDATE
    SET successes = platform_pattern_sites.successes + excluded.successes,
        verified_successes
            = platform_pattern_sites.verified_successes + excluded.verified_successes,
        failures = platform_pattern_sites.failures + excluded.failures,
        not_attempted = platform_pattern_sites.not_attempted + excluded.not_attempted,
        claimed_successes = platform_pattern_sites.claimed_successes + excluded.claimed_successes,
        claimed_failures = platform_pattern_sites.claimed_failures + excluded.claimed_failures,
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
        last_seen_at = GREATEST(platform_pattern_sites.last_seen_at, excluded.last_seen_at),
        last_evidence_at
            = GREATEST(platform_pattern_sites.last_evidence_at, excluded.last_evidence_at)
)
SELECT DISTINCT m.incident_type, m.runbook_id
FROM merged m;

-- name: forget_dropped_since
-- fleet: an alias holds for every tenant
-- How much of what dropped partitions left came since is not known any more: none of it counts.
UPDATE dropped_counts d
SET since_successes = 0,
    since_verified_successes = 0,
    since_failures = 0,
    since_chaos_successes = 0,
    since_chaos_failures = 0
FROM aliases a
JOIN platform_patterns p ON p.runbook_id = a.runbook_id AND p.counted_from > '-infinity'
WHERE a.alias = :alias
    AND d.reported_id = a.alias
    AND d.incident_type = p.incident_type
    AND d.level = 'L2';

-- name: count_since_anew
-- fleet: an alias holds for every tenant
-- What was moved to a pair whose rule was withdrawn counted from its own beginning.
WITH pairs AS (
    SELECT p.incident_type, p.runbook_id, p.counted_from
    FROM unnest(:types::text[], :runbooks::text[]) AS u (incident_type, runbook_id)
    JOIN platform_patterns p
        ON p.incident_type = u.incident_type AND p.runbook_id = u.runbook_id
    WHERE p.counted_from > '-infinity'
),
facts AS (
    SELECT
        t.incident_type, t.runbook_id, t.site_id, e.successes, e.verified_successes, e.failures,
        e.chaos_successes, e.chaos_failures
    FROM pairs p
    JOIN platform_pattern_sites t
        ON t.incident_type = p.incident_type AND t.runbook_id = p.runbook_id
    -- Nothing was received before it was evidence.
    JOIN counted_facts e
        ON e.site_id = t.site_id AND e.received_at >= p.counted_from
        AND e.incident_type = t.incident_type
    LEFT JOIN aliases a ON a.alias = e.reported_id
    WHERE COALESCE(a.runbook_id, e.reported_id) = t.runbook_id
        AND e.level = 'L2'
        AND e.evidence_at >= p.counted_from
        AND pg_visible_in_snapshot(
            e.xid, (SELECT m.mark FROM fold_marks m WHERE m.fold = 'platform')
        )
),
counted AS (
    SELECT
        f.incident_type, f.runbook_id, f.site_id,
        sum(f.successes) AS successes,
        sum(f.verified_successes) AS verified_successes,
        sum(f.failures) AS failures,
        sum(f.chaos_successes) AS chaos_successes,
        sum(f.chaos_failures) AS chaos_failures
    FROM facts f
    GROUP BY f.incident_type, f.runbook_id, f.site_id
    UNION ALL
    SELECT
        p.incident_type, p.runbook_id, d.site_id, d.since_successes, d.since_verified_successes,
        d.since_failures, d.since_chaos_successes, d.since_chaos_failures
    FROM pairs p
    JOIN dropped_counts d ON d.incident_type = p.incident_type AND d.level = 'L2'
    LEFT JOIN aliases a ON a.alias = d.reported_id
    WHERE COALESCE(a.runbook_id, d.reported_id) = p.runbook_id
),
totals AS (
    SELECT
        t.incident_type, t.runbook_id, t.site_id,
        COALESCE(sum(c.successes), 0) AS successes,
        COALESCE(sum(c.verified_successes), 0) AS verified_successes,
        COALESCE(sum(c.failures), 0) AS failures,
        COALESCE(sum(c.chaos_successes), 0) AS chaos_successes,
        COALESCE(sum(c.chaos_failures), 0) AS chaos_failures
    FROM pairs p
    JOIN platform_pattern_sites t
        ON t.incident_type = p.incident_type AND t.runbook_id = p.runbook_id
    LEFT JOIN counted c
        ON c.incident_type = t.incident_type AND c.runbook_id = t.runbook_id
        AND c.site_id = t.site_id
    GROUP BY t.incident_type, t.runbook_id, t.site_id
)
UPDATE platform_pattern_sites t
SET since_successes = n.successes,
    since_verified_successes = n.verified_successes,
    since_failures = n.failures,
    since_chaos_successes = n.chaos_successes,
    since_chaos_failures = n.chaos_failures
FROM totals n
WHERE t.incident_type = n.incident_type
    AND t.runbook_id = n.runbook_id
    AND t.site_id = n.site_id;

-- name: forget_platform
-- fleet: a rebuild covers every site
DELETE FROM platform_pattern_sites;

-- name: dropped_platform
-- fleet: a rebuild covers every site
INSERT INTO platform_pattern_sites (
    incident_type, runbook_id, site_id, successes, verified_successes, failures, not_attempted,
    claimed_successes, claimed_failures,
    chaos_successes, chaos_failures, since_successes, since_verified_successes, since_failures,
    since_chaos_successes, since_chaos_failures, first_seen_at, last_seen_at, last_evidence_at
)
SELECT
    d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.site_id,
    sum(d.successes), sum(d.verified_successes), sum(d.failures), sum(d.not_attempted),
    sum(d.claimed_successes), sum(d.claimed_failures),
    sum(d.chaos_successes), sum(d.chaos_failures), sum(d.since_successes),
    sum(d.since_verified_successes), sum(d.since_failures), sum(d.since_chaos_successes),
    sum(d.since_chaos_failures), min(d.first_seen_at), max(d.last_seen_at), max(d.last_evidence_at)
FROM dropped_counts d
LEFT JOIN aliases a ON a.alias = d.reported_id
WHERE d.level = 'L2'
GROUP BY d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.site_id;

-- name: all_pairs
-- fleet: a rebuild covers every site
SELECT t.incident_type, t.runbook_id
FROM platform_pattern_sites t
UNION
SELECT p.incident_type, p.runbook_id
FROM platform_patterns p;
