-- name: keep_sets
-- fleet: sites with equal rules share one set, which names no tenant
-- In one order, so that two processes never wait for each other.
INSERT INTO rule_sets (hash, rule_ids, served_at)
SELECT g.hash, g.rule_ids, now()
FROM jsonb_to_recordset(:sets::jsonb) AS g (hash text, rule_ids text[])
ORDER BY g.hash
ON CONFLICT DO NOTHING;

-- name: kept_sets
-- fleet: sites with equal rules share one set, which names no tenant
SELECT t.hash
FROM rule_sets t
ORDER BY t.served_at DESC, t.hash
LIMIT :limit;

-- name: synced
-- fleet: the syncs of many sites are written in one statement a second
INSERT INTO rule_syncs AS y (site_id, appliance_id, hash, synced_at)
SELECT g.site_id, g.appliance_id, g.hash, g.synced_at
FROM unnest(:site_ids::uuid[], :appliance_ids::uuid[], :synced_hashes::text[],
    :synced_at::timestamptz[])
    AS g (site_id, appliance_id, hash, synced_at)
ORDER BY g.site_id, g.appliance_id
ON CONFLICT (site_id, appliance_id) DO UPDATE
SET hash = excluded.hash, synced_at = excluded.synced_at
WHERE y.synced_at <= excluded.synced_at;

-- name: spread
-- fleet: a rule is for every appliance of its scope
-- Only what is new since: a rule switched on, an appliance first seen. Enabled again, a rule has its
-- way before it once more, but for agents that keep the file they were ordered to keep.
WITH learnt AS (
    SELECT
        l.id, l.scope, l.partner_id, l.organization_id, l.site_id, l.enabled_changed_at,
        l.enabled_changed_at >= :since OR l.created_at >= :since AS fresh
    FROM l1_rules l
    WHERE l.enabled
        AND l.source IN ('promoted', 'platform', 'custom')
),
-- Two joins that are both small, for one of them over everything old and new would not be.
pairs AS (
    SELECT a.site_id, l.id AS rule, a.id AS appliance_id, l.enabled_changed_at, a.first_seen_at
    FROM learnt l
    JOIN organizations o
        ON l.scope IN ('platform', 'site') OR l.organization_id = o.id
        OR l.partner_id = o.partner_id
    JOIN sites s ON s.organization_id = o.id AND (l.scope <> 'site' OR l.site_id = s.id)
    JOIN appliances a ON a.site_id = s.id AND a.removed_at IS NULL
    WHERE l.fresh
    UNION
    SELECT a.site_id, l.id, a.id, l.enabled_changed_at, a.first_seen_at
    FROM appliances a
    JOIN sites s ON s.id = a.site_id
    JOIN organizations o ON o.id = s.organization_id
    JOIN learnt l
        ON l.scope = 'platform' OR l.site_id = s.id OR l.organization_id = o.id
        OR l.partner_id = o.partner_id
    WHERE a.first_seen_at >= :since
        AND a.removed_at IS NULL
    UNION
    -- Given back to a tenant that it was taken from.
    SELECT a.site_id, l.id, a.id, GREATEST(l.enabled_changed_at, x.ended_at), a.first_seen_at
    FROM rule_exclusions x
    JOIN learnt l ON l.id = x.rule
    JOIN organizations o
        ON o.id = x.organization_id OR x.organization_id IS NULL AND o.partner_id = x.partner_id
    JOIN sites s ON s.organization_id = o.id
    JOIN appliances a ON a.site_id = s.id AND a.removed_at IS NULL
    WHERE x.ended_at >= :since
)
INSERT INTO rule_deliveries AS d (site_id, rule, appliance_id, approved_at)
SELECT p.site_id, p.rule, p.appliance_id, GREATEST(p.enabled_changed_at, p.first_seen_at)
FROM pairs p
WHERE (p.rule, p.site_id) NOT IN (SELECT x.rule, x.site_id FROM excluded_rules x)
ORDER BY p.rule, p.appliance_id
ON CONFLICT (rule, appliance_id) DO UPDATE
SET approved_at = excluded.approved_at,
    carried_at = NULL,
    delivered_at = CASE WHEN d.delivered_by = 'order' THEN d.delivered_at END,
    delivered_by = CASE WHEN d.delivered_by = 'order' THEN d.delivered_by END,
    active_at = NULL,
    matching_at = NULL,
    succeeding_at = NULL,
    matches = 0,
    successes = 0,
    left_at = NULL,
    refused_at = NULL,
    refusal = NULL,
    stuck_at = NULL
WHERE d.approved_at < excluded.approved_at;

-- name: forget_excluded
-- fleet: tenants that a rule was taken from
-- Nothing is waited for there; where it runs, the appliance's own report says when it is gone.
DELETE FROM rule_deliveries d
USING excluded_rules x
WHERE d.rule = x.rule
    AND d.site_id = x.site_id
    AND d.active_at IS NULL;

-- name: by_order
-- fleet: what appliances of every site said of their orders
WITH said AS (
    SELECT DISTINCT ON (o.rule, o.appliance_id)
        o.rule, o.appliance_id, COALESCE(o.acknowledged_at, o.reported_at) AS at
    FROM orders o
    WHERE o.rule IS NOT NULL
        AND o.changed_at >= :since
        AND (
            o.acknowledged_at IS NOT NULL AND o.outcome IS DISTINCT FROM 'failure'
            OR o.outcome = 'success' AND o.result ->> 'status' IN ('deployed', 'already_exists')
            -- Carried out, and the report of it was lost.
            OR o.outcome = 'unknown'
        )
    ORDER BY o.rule, o.appliance_id, COALESCE(o.acknowledged_at, o.reported_at)
)
UPDATE rule_deliveries d
SET delivered_at = COALESCE(d.delivered_at, s.at),
    delivered_by = COALESCE(d.delivered_by, 'order'),
    refused_at = NULL,
    refusal = NULL
FROM said s
WHERE d.rule = s.rule
    AND d.appliance_id = s.appliance_id
    AND s.at >= d.approved_at
    -- What left the appliance since is not there because of an older order.
    AND s.at > COALESCE(d.left_at, '-infinity')
    AND (d.delivered_at IS NULL OR d.refused_at IS NOT NULL);

-- name: by_refusal
-- fleet: what appliances of every site said of their orders
-- An acknowledgement that a failure followed delivered nothing.
WITH refused AS (
    SELECT DISTINCT ON (o.rule, o.appliance_id)
        o.rule, o.appliance_id, o.reported_at, o.outcome,
        COALESCE(
            o.error_message, o.result ->> 'error', o.result ->> 'status', 'no reason given'
        ) AS refusal
    FROM orders o
    WHERE o.rule IS NOT NULL
        AND o.changed_at >= :since
        AND o.reported_at IS NOT NULL
    ORDER BY o.rule, o.appliance_id, o.reported_at DESC
)
UPDATE rule_deliveries d
SET refused_at = r.reported_at,
    refusal = left(r.refusal, 500),
    delivered_at = CASE WHEN d.delivered_by = 'order' THEN NULL ELSE d.delivered_at END,
    delivered_by = CASE WHEN d.delivered_by = 'order' THEN NULL ELSE d.delivered_by END
FROM refused r
WHERE d.rule = r.rule
    AND d.appliance_id = r.appliance_id
    AND r.outcome = 'failure'
    AND r.reported_at >= d.approved_at
    AND d.active_at IS NULL
    AND d.refused_at IS DISTINCT FROM r.reported_at;

-- name: by_sync
-- fleet: the syncs of every site
WITH carried AS (
    SELECT y.synced_at, t.rule_ids, COALESCE(y.appliance_id, a.id) AS appliance_id
    FROM rule_syncs y
    JOIN rule_sets t ON t.hash = y.hash
    -- A shared key says which appliance it was only where the site has one.
    LEFT JOIN LATERAL (
        SELECT min(p.id::text)::uuid AS id
        FROM appliances p
        WHERE p.site_id = y.site_id
            AND p.removed_at IS NULL
        HAVING count(*) = 1
    ) a ON y.appliance_id IS NULL
    WHERE y.synced_at >= :since
)
UPDATE rule_deliveries d
SET delivered_at = GREATEST(c.synced_at, d.approved_at), delivered_by = 'sync'
FROM carried c
JOIN l1_rules l ON l.rule_id = ANY(c.rule_ids)
WHERE d.rule = l.id
    AND d.appliance_id = c.appliance_id
    AND d.delivered_at IS NULL;

-- name: carried
-- fleet: the syncs of every site
UPDATE rule_deliveries d
SET carried_at = GREATEST(y.synced_at, d.approved_at)
FROM rule_syncs y
JOIN rule_sets t ON t.hash = y.hash
JOIN l1_rules l ON l.rule_id = ANY(t.rule_ids)
WHERE y.synced_at >= :since
    AND y.appliance_id IS NULL
    AND d.site_id = y.site_id
    AND d.rule = l.id
    AND d.carried_at IS NULL;

-- name: by_report
-- fleet: what appliances of every site report to run
UPDATE rule_deliveries d
SET delivered_at = COALESCE(d.delivered_at, GREATEST(a.reported_rules_hash_at, d.approved_at)),
    delivered_by = COALESCE(d.delivered_by, 'report'),
    active_at = GREATEST(a.reported_rules_hash_at, d.approved_at),
    left_at = NULL
FROM appliances a
JOIN rule_sets t ON t.hash = a.reported_rules_hash
JOIN l1_rules l ON l.rule_id = ANY(t.rule_ids)
WHERE d.appliance_id = a.id
    AND d.rule = l.id
    AND d.active_at IS NULL
    AND (a.reported_rules_hash_at >= :since OR d.approved_at >= :since);

-- name: by_absence
-- fleet: what appliances of every site report to run
-- The appliance runs a set that we know, and this rule is not in it any more.
UPDATE rule_deliveries d
SET left_at = a.reported_rules_hash_at,
    delivered_at = CASE WHEN d.delivered_by = 'order' THEN d.delivered_at END,
    delivered_by = CASE WHEN d.delivered_by = 'order' THEN d.delivered_by END,
    active_at = NULL,
    matching_at = NULL,
    succeeding_at = NULL,
    matches = 0,
    successes = 0
FROM appliances a
JOIN rule_sets t ON t.hash = a.reported_rules_hash
WHERE d.appliance_id = a.id
    AND a.reported_rules_hash_at >= :since
    AND (d.delivered_at IS NOT NULL OR d.active_at IS NOT NULL)
    -- What was only just delivered may follow with the next report.
    AND a.reported_rules_hash_at > COALESCE(d.active_at, d.delivered_at)
    AND NOT EXISTS (
        SELECT 1 FROM l1_rules l WHERE l.id = d.rule AND l.rule_id = ANY(t.rule_ids)
    )
    AND (d.active_at IS NOT NULL OR NOT (SELECT l.enabled FROM l1_rules l WHERE l.id = d.rule))
    AND d.left_at IS DISTINCT FROM a.reported_rules_hash_at;

-- name: by_removal
-- fleet: files that people removed, on every site
-- As a report without it: enabled again, the rule has its whole way before it.
UPDATE rule_deliveries d
SET left_at = m.removed_at,
    delivered_at = NULL,
    delivered_by = NULL,
    active_at = NULL,
    matching_at = NULL,
    succeeding_at = NULL,
    matches = 0,
    successes = 0
FROM rule_remains m
WHERE m.rule = d.rule
    AND m.appliance_id = d.appliance_id
    AND m.removed_at >= :since
    AND m.removed_at > COALESCE(GREATEST(d.delivered_at, d.active_at), d.approved_at)
    AND d.left_at IS DISTINCT FROM m.removed_at;

-- name: holders
-- fleet: the caller's row-level security decides which sites there are
-- The agents that have each rule, or were brought it.
SELECT d.rule, a.agent_version, count(*) AS appliances
FROM rule_deliveries d
JOIN appliances a ON a.id = d.appliance_id
WHERE d.rule = ANY (:rules::uuid[])
    AND (d.delivered_at IS NOT NULL OR d.carried_at IS NOT NULL)
    AND d.left_at IS NULL
GROUP BY d.rule, a.agent_version
ORDER BY d.rule, a.agent_version;

-- name: in_scope
-- fleet: the caller's row-level security decides which sites there are
SELECT a.agent_version, count(*) AS appliances
FROM appliances a
JOIN sites s ON s.id = a.site_id
JOIN organizations o ON o.id = s.organization_id
WHERE :scope_id::uuid IS NULL OR s.id = :scope_id OR o.id = :scope_id OR o.partner_id = :scope_id
GROUP BY a.agent_version
ORDER BY a.agent_version;

-- name: switch_off_stuck
-- fleet: alarms of every site
-- A rule that runs, or that shall not run any more, is stuck no longer.
UPDATE rule_deliveries d
SET stuck_at = NULL
WHERE d.stuck_at IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM unnest(:rules::uuid[], :appliances::uuid[]) AS u (rule, appliance_id)
        WHERE u.rule = d.rule AND u.appliance_id = d.appliance_id
    );

-- name: switch_on_stuck
-- fleet: alarms of every site
UPDATE rule_deliveries d
SET stuck_at = u.since
FROM unnest(:rules::uuid[], :appliances::uuid[], :since::timestamptz[])
    AS u (rule, appliance_id, since)
WHERE d.rule = u.rule
    AND d.appliance_id = u.appliance_id
    AND d.stuck_at IS NULL
RETURNING d.rule, d.appliance_id, d.site_id, d.stuck_at;

-- name: waiting
-- fleet: what has not arrived, on every site
-- Not yet active, of living appliances, and not said already by another rule of the site.
WITH learnt AS MATERIALIZED (
    -- Whether another rule says the same is asked of sites only where there is such a rule at all.
    SELECT
        l.id, l.rule_id,
        EXISTS (
            SELECT 1
            FROM l1_rules n
            WHERE n.incident_type = l.incident_type
                AND n.runbook_id IS NOT DISTINCT FROM l.runbook_id
                AND n.enabled
                AND n.source IN ('promoted', 'platform', 'custom')
                AND n.id <> l.id
        ) AS doubled
    FROM l1_rules l
    WHERE l.enabled
        AND l.source IN ('promoted', 'platform', 'custom')
)
SELECT
    d.rule, d.appliance_id, d.site_id, l.rule_id, s.slug, a.wire_id, a.agent_version,
    d.approved_at, d.carried_at, d.delivered_at, d.delivered_by, d.refused_at, d.refusal, d.stuck_at,
    a.reported_rules_hash_at IS NOT NULL AS reports, a.last_sync_at, a.first_seen_at,
    a.last_seen_at, a.uptime_seconds, a.agent_started_at
FROM rule_deliveries d
JOIN learnt l ON l.id = d.rule
JOIN appliances a ON a.id = d.appliance_id
JOIN sites s ON s.id = d.site_id
WHERE d.active_at IS NULL
    AND d.approved_at < :approved_before
    AND a.last_seen_at >= :seen_since
    -- What an agent that reports nothing was given and can have loaded is settled: no more is known.
    AND NOT (
        d.delivered_at IS NOT NULL
        AND a.reported_rules_hash_at IS NULL
        AND (
            d.delivered_by <> 'order'
            OR a.agent_version !~ :loads_at_restart
            OR COALESCE(
                GREATEST(
                    a.agent_started_at, a.last_seen_at - a.uptime_seconds * interval '1 second'
                ) > d.delivered_at,
                false
            )
        )
    )
    AND (NOT l.doubled OR NOT rule_covered(d.rule, d.site_id))
ORDER BY d.approved_at, d.rule, d.appliance_id
LIMIT :limit;

-- name: pushes
-- fleet: what no appliance of any site will ask for by itself
WITH learnt AS MATERIALIZED (
    -- Whether another rule says the same is asked of sites only where there is such a rule at all.
    SELECT
        l.id, l.rule_id,
        EXISTS (
            SELECT 1
            FROM l1_rules n
            WHERE n.incident_type = l.incident_type
                AND n.runbook_id IS NOT DISTINCT FROM l.runbook_id
                AND n.enabled
                AND n.source IN ('promoted', 'platform', 'custom')
                AND n.id <> l.id
        ) AS doubled
    FROM l1_rules l
    WHERE l.enabled
        AND l.source IN ('promoted', 'platform', 'custom')
)
SELECT d.rule, d.site_id, d.appliance_id
FROM rule_deliveries d
JOIN learnt l ON l.id = d.rule
JOIN appliances a ON a.id = d.appliance_id
WHERE d.delivered_at IS NULL
    AND d.active_at IS NULL
    AND a.last_seen_at >= :seen_since
    AND (a.agent_version ~ :never_pulls OR COALESCE(a.last_sync_at, a.first_seen_at)
        < :synced_before)
    -- Once; again only when the last one expired and the appliance is back since.
    AND NOT EXISTS (
        SELECT 1
        FROM orders o
        WHERE o.rule = d.rule
            AND o.appliance_id = d.appliance_id
            AND o.created_at >= date_trunc('second', d.approved_at)
            AND (o.state <> 'expired' OR o.finished_at >= a.last_seen_at)
    )
    AND (NOT l.doubled OR NOT rule_covered(d.rule, d.site_id))
ORDER BY d.approved_at, d.rule, d.appliance_id
LIMIT :limit;

-- name: withdrawals
-- fleet: what appliances of every site still hold though it was switched off
-- Those that would notice at their next sync only: an order makes it soon.
SELECT DISTINCT d.site_id, d.appliance_id
FROM rule_deliveries d
JOIN l1_rules l ON l.id = d.rule
JOIN appliances a ON a.id = d.appliance_id
WHERE NOT l.enabled
    AND l.enabled_changed_at >= :since
    AND d.delivered_at IS NOT NULL
    AND d.left_at IS NULL
    AND a.agent_version !~ :never_pulls
    AND a.last_seen_at >= :since
    AND COALESCE(a.last_sync_at, '-infinity') < l.enabled_changed_at
    AND NOT EXISTS (
        SELECT 1
        FROM orders o
        WHERE o.site_id = d.site_id
            AND o.appliance_id = d.appliance_id
            AND o.kind = 'sync_rules'
            AND o.created_at >= date_trunc('second', l.enabled_changed_at)
    );

-- name: of_rule
-- fleet: the caller's row-level security decides which sites there are
SELECT
    d.rule, d.appliance_id, d.site_id, s.slug, a.wire_id, a.agent_version, d.approved_at,
    d.carried_at, d.delivered_at, d.delivered_by, d.active_at, d.matching_at, d.succeeding_at,
    d.matches, d.successes, d.left_at, d.refused_at, d.refusal, d.stuck_at,
    rule_covered(d.rule, d.site_id) AS covered, a.last_seen_at, a.uptime_seconds,
    a.agent_started_at,
    a.reported_rules_hash_at IS NOT NULL AS reports, l.enabled_changed_at AS switched_at,
    CASE WHEN m.last_received_at > l.enabled_changed_at THEN m.last_received_at END AS ran_at,
    CASE WHEN m.last_received_at > l.enabled_changed_at THEN m.last_began_at END AS ran_began_at,
    CASE WHEN m.removed_at > l.enabled_changed_at THEN m.removed_at END AS removed_at, m.removed_by
FROM rule_deliveries d
JOIN l1_rules l ON l.id = d.rule
JOIN appliances a ON a.id = d.appliance_id
JOIN sites s ON s.id = d.site_id
LEFT JOIN rule_remains m ON m.rule = d.rule AND m.appliance_id = d.appliance_id
WHERE d.rule = :rule
    AND (:after::uuid IS NULL OR d.appliance_id > :after)
    AND (
        :text::text IS NULL
        OR strpos(lower(a.wire_id), lower(:text)) > 0
        OR strpos(lower(s.slug), lower(:text)) > 0
        OR strpos(lower(a.agent_version), lower(:text)) > 0
    )
ORDER BY d.appliance_id
LIMIT :limit;

-- name: stuck
-- fleet: alarms of every site
SELECT
    d.rule, l.rule_id, s.slug, a.wire_id, a.agent_version, d.stuck_at, d.delivered_at, d.refusal
FROM rule_deliveries d
JOIN l1_rules l ON l.id = d.rule
JOIN appliances a ON a.id = d.appliance_id
JOIN sites s ON s.id = d.site_id
WHERE d.stuck_at IS NOT NULL
ORDER BY d.stuck_at, d.rule, d.appliance_id
LIMIT :limit;

-- name: stuck_total
-- fleet: alarms of every site
SELECT count(*)
FROM rule_deliveries d
WHERE d.stuck_at IS NOT NULL;

-- name: silent
-- fleet: alarms of every site
SELECT a.wire_id, s.slug, a.agent_version, a.last_seen_at
FROM appliances a
JOIN sites s ON s.id = a.site_id
WHERE a.last_seen_at < :before
    AND a.removed_at IS NULL
ORDER BY a.last_seen_at, a.id
LIMIT :limit;

-- name: endpoints
-- fleet: what all appliances together call
-- Null where nothing ever called it. Executions are looked for in the newest partitions alone.
SELECT
    (SELECT min(a.first_seen_at) FROM appliances a) AS first_seen_at,
    (SELECT max(a.last_seen_at) FROM appliances a) AS checkin,
    (SELECT max(y.synced_at) FROM rule_syncs y) AS sync,
    (
        SELECT max(e.received_at) FROM executions e WHERE e.received_at >= :looked_back_to
    ) AS executions,
    (
        SELECT count(*) FROM appliances a WHERE a.agent_version !~ :never_pulls
            AND a.removed_at IS NULL
    ) AS pulling;

-- name: forget_sets
-- fleet: a set that nobody runs or fetched last says nothing any more
WITH forgotten AS (
    DELETE FROM rule_sets t
    WHERE t.served_at < :before
        AND NOT EXISTS (SELECT 1 FROM rule_syncs y WHERE y.hash = t.hash)
        AND NOT EXISTS (
            SELECT 1
            FROM appliances a
            WHERE t.hash IN (a.desired_rules_hash, a.reported_rules_hash)
        )
    RETURNING 1
)
SELECT count(*) FROM forgotten;
