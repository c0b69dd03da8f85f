-- name: sites
-- fleet: the caller's row-level security decides which sites there are
-- The sites of one page first; what their appliances say is counted for those alone.
SELECT
    f.id, f.slug, f.name, f.healing_tier, f.organization_name, COALESCE(a.appliances, 0) AS appliances,
    a.last_seen_at, COALESCE(a.seen, 0) AS seen, COALESCE(a.versions, '{}') AS versions,
    COALESCE(a.current, 0) AS current, COALESCE(a.reporting, 0) AS reporting,
    COALESCE(a.pending_modes, 0) AS pending_modes, COALESCE(q.open_orders, 0) AS open_orders
FROM (
    SELECT s.id, s.slug, s.name, s.healing_tier, o.name AS organization_name
    FROM sites s
    JOIN organizations o ON o.id = s.organization_id
    WHERE (
            :text::text IS NULL
            OR strpos(lower(s.slug), lower(:text)) > 0
            OR strpos(lower(s.name), lower(:text)) > 0
            OR strpos(lower(o.name), lower(:text)) > 0
            OR strpos(replace(s.healing_tier, '_', ' '), lower(:text)) > 0
            OR EXISTS (
                SELECT 1
                FROM appliances h
                WHERE h.site_id = s.id
                    AND (
                        strpos(lower(h.hostname), lower(:text)) > 0
                        OR strpos(lower(h.wire_id), lower(:text)) > 0
                    )
            )
        )
        AND (:after::text IS NULL OR s.slug > :after)
        AND (:id::uuid IS NULL OR s.id = :id)
    ORDER BY s.slug
    LIMIT :limit
) f
LEFT JOIN LATERAL (
    SELECT
        count(*) AS appliances,
        max(p.last_seen_at) AS last_seen_at,
        count(*) FILTER (WHERE p.last_seen_at >= :seen_since) AS seen,
        array_agg(DISTINCT p.agent_version) FILTER (WHERE p.agent_version <> '') AS versions,
        count(*) FILTER (WHERE p.reported_rules_hash = p.desired_rules_hash) AS current,
        count(*) FILTER (WHERE p.reported_rules_hash IS NOT NULL) AS reporting,
        count(*) FILTER (WHERE p.reported_l2_mode <> p.desired_l2_mode) AS pending_modes
    FROM appliances p
    WHERE p.site_id = f.id
        AND p.removed_at IS NULL
) a ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS open_orders
    FROM orders d
    WHERE d.site_id = f.id
        AND d.state IN ('pending', 'acknowledged')
) q ON true
ORDER BY f.slug;

-- name: orders
-- The newest first; :only_open leaves the open ones only.
SELECT
    d.id, d.kind, d.order_type, d.state, d.issued_by, d.created_at, d.expires_at, d.acknowledged_at,
    d.finished_at, d.error_message, d.outcome, d.standing, d.proof_source, d.proof_seen_at,
    order_host(d.signed_payload) IS NOT NULL
        AND order_check(d.signed_payload) IS NOT NULL AS provable,
    p.wire_id, p.agent_version
FROM orders d
JOIN appliances p ON p.id = d.appliance_id
WHERE d.site_id = :site_id
    AND (:only_open::boolean IS NULL OR NOT :only_open OR d.state IN ('pending', 'acknowledged'))
    AND (:at::timestamptz IS NULL OR (d.created_at, d.id) < (:at, :id::text))
    AND (
        :text::text IS NULL
        OR strpos(replace(d.order_type, '_', ' '), replace(lower(:text), '_', ' ')) > 0
        OR strpos(lower(d.id), lower(:text)) > 0
        OR strpos(lower(p.wire_id), lower(:text)) > 0
        OR strpos(lower(p.hostname), lower(:text)) > 0
        OR strpos(lower(d.issued_by), lower(:text)) > 0
        OR strpos(d.state, lower(:text)) > 0
    )
ORDER BY d.created_at DESC, d.id DESC
LIMIT :limit;

-- name: standings
-- fleet: the caller's row-level security decides which sites there are
-- How far each rule has come, over all the appliances that shall run it.
SELECT
    d.rule,
    count(*) AS appliances,
    count(d.delivered_at) AS delivered,
    count(d.active_at) AS active,
    count(d.matching_at) AS matching,
    count(d.succeeding_at) AS succeeding,
    count(d.stuck_at) AS stuck
FROM rule_deliveries d
WHERE d.rule = ANY (:rules::uuid[])
GROUP BY d.rule;

-- name: news
-- fleet: the caller's row-level security decides what is news to them
-- One value for each thing that pages show and that changes behind them.
SELECT
    (SELECT max(p.state_changed_at) FROM patterns p WHERE p.state <> 'observed') AS candidates,
    (SELECT max(e.endorsed_at) FROM endorsements e) AS endorsements,
    (SELECT max(l.enabled_changed_at) FROM l1_rules l) AS rules,
    (SELECT max(o.changed_at) FROM orders o) AS orders,
    t.applied, t.current, t.reported_at,
    (
        SELECT GREATEST(max(l.created_at), max(l.decided_at)) FROM plan_approvals l
    ) AS plans,
    (SELECT max(p.executed_at) FROM plans p) AS plans_executed,
    (SELECT max(h.received_at) FROM evidence_heads h) AS evidence
FROM (
    SELECT
        count(*) FILTER (WHERE a.reported_l2_mode = a.desired_l2_mode) AS applied,
        count(*) FILTER (WHERE a.reported_rules_hash = a.desired_rules_hash) AS current,
        GREATEST(max(a.reported_l2_mode_at), max(a.reported_rules_hash_at)) AS reported_at
    FROM appliances a
    WHERE a.removed_at IS NULL
) t;

-- name: news_of_all
-- fleet: operators look at everything
-- Every change of state that somebody makes leaves an entry; the loop leaves its runs.
SELECT
    (SELECT e.at FROM audit_entries e ORDER BY e.id DESC LIMIT 1) AS entries,
    (SELECT max(l.started_at) FROM loop_runs l) AS runs;

-- name: days
-- fleet: the caller's row-level security decides which sites there are
-- Executions in force by the UTC day on which they were received, for each level. Site by site: no
-- plan then reads those of other tenants.
SELECT
    d.day,
    d.level,
    sum(d.successes)::bigint AS successes,
    sum(d.failures)::bigint AS failures
FROM sites s
CROSS JOIN LATERAL (
    SELECT
        (t.received_at AT TIME ZONE 'UTC')::date AS day,
        t.level,
        sum(t.successes + t.chaos_successes) AS successes,
        sum(t.failures + t.chaos_failures) AS failures
    FROM counted_facts t
    WHERE t.site_id = s.id
        AND t.weight = 1
        AND t.received_at >= :since
        AND t.received_at <= :until
        AND NOT EXISTS (
            SELECT 1
            FROM corrections c
            WHERE c.site_id = t.site_id
                AND c.execution_id = t.execution_id
                AND c.revision > t.revision
        )
    GROUP BY (t.received_at AT TIME ZONE 'UTC')::date, t.level
) d
WHERE :site_id::uuid IS NULL OR s.id = :site_id
GROUP BY d.day, d.level
ORDER BY d.day, d.level;
