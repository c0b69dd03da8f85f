-- name: page
-- fleet: operators see the patterns of every site
SELECT
    p.id, p.site_id, s.slug, p.incident_type, p.runbook_id, p.hostname, p.successes,
    p.verified_successes, p.failures, p.not_attempted, p.claimed_successes, p.claimed_failures,
    p.chaos_successes, p.chaos_failures,
    p.first_seen_at, p.last_seen_at, p.last_evidence_at, p.state, p.state_changed_at, r.platform,
    r.executable,
    c.rule_id AS covered_by
FROM patterns p
JOIN sites s ON s.id = p.site_id
JOIN organizations o ON o.id = s.organization_id
LEFT JOIN runbooks r ON r.runbook_id = p.runbook_id
LEFT JOIN LATERAL (
    SELECT l.rule_id
    FROM covering_rules(s.id, o.id, o.partner_id, s.healing_tier, p.incident_type) l
    ORDER BY l.source = 'builtin', l.priority, l.id
    LIMIT 1
) c ON true
WHERE p.id > :after
    AND (:site::text IS NULL OR s.slug = :site OR s.id::text = :site)
    AND (:incident_type::text IS NULL OR p.incident_type = :incident_type)
    AND (:runbook_id::text IS NULL OR p.runbook_id = :runbook_id)
    AND (:state::text IS NULL OR p.state = :state)
ORDER BY p.id
LIMIT :limit;

-- name: lock_due
-- fleet: the loop looks at the gates of every site
-- Nobody decides on these, or marks them anew, between the look at them and the new state.
SELECT p.id
FROM patterns p
WHERE p.id IN (
    SELECT d.id
    FROM patterns d
    WHERE d.due_at < :now
    ORDER BY d.due_at
    LIMIT :limit
)
ORDER BY p.site_id, p.incident_type, p.runbook_id, p.hostname
FOR NO KEY UPDATE;

-- name: due
-- fleet: the loop looks at the gates of every site
SELECT
    p.id, p.site_id, s.slug, p.incident_type, p.runbook_id, p.hostname, p.successes,
    p.verified_successes, p.failures, p.not_attempted, p.claimed_successes, p.claimed_failures,
    p.chaos_successes, p.chaos_failures,
    p.first_seen_at, p.last_seen_at, p.last_evidence_at, p.state, p.state_changed_at, r.platform,
    r.executable,
    c.rule_id AS covered_by
FROM patterns p
JOIN sites s ON s.id = p.site_id
JOIN organizations o ON o.id = s.organization_id
LEFT JOIN runbooks r ON r.runbook_id = p.runbook_id
LEFT JOIN LATERAL (
    SELECT l.rule_id
    FROM covering_rules(s.id, o.id, o.partner_id, s.healing_tier, p.incident_type) l
    ORDER BY l.source = 'builtin', l.priority, l.id
    LIMIT 1
) c ON true
WHERE p.id = ANY (:ids::text[])
ORDER BY p.id;

-- name: set_verdicts
-- fleet: the loop looks at the gates of every site
UPDATE patterns p
SET state = u.state,
    state_changed_at = CASE WHEN p.state = u.state THEN p.state_changed_at ELSE :now END,
    due_at = u.due_at,
    blocked = u.blocked
FROM unnest(:ids::text[], :states::text[], :due_at::timestamptz[], :blocked::boolean[])
    AS u (id, state, due_at, blocked)
WHERE p.id = u.id;

-- name: platform_page
-- fleet: counts only
-- The rows are chosen first: whose evidence each is, is summed up for one page only.
SELECT
    p.id, p.incident_type, p.runbook_id, NULLIF(p.counted_from, '-infinity') AS counted_from, p.sites, p.organizations, p.successes,
    p.verified_successes, p.failures, p.not_attempted, p.claimed_successes, p.claimed_failures,
    p.chaos_successes, p.chaos_failures,
    p.since_sites, p.since_organizations, p.since_chaos_organizations, p.since_successes,
    p.since_verified_successes, p.since_failures, p.since_chaos_successes, p.since_chaos_failures,
    w.largest_organization AS since_largest_organization, w.partners AS since_partners,
    d.look_alike, d.built_in, d.approved_by,
    p.first_seen_at, p.last_seen_at, p.last_evidence_at, p.platform, p.executable,
    p.living_rule
FROM (
    SELECT p.*, r.platform, r.executable, l.rule_id AS living_rule
    FROM platform_patterns p
    LEFT JOIN runbooks r ON r.runbook_id = p.runbook_id
    LEFT JOIN l1_rules l
        ON l.source = 'platform' AND l.withdrawn_at IS NULL
        AND l.incident_type = p.incident_type AND l.runbook_id = p.runbook_id
    WHERE (p.incident_type, p.runbook_id) > (:after_type, :after_runbook)
        AND (:incident_type::text IS NULL OR p.incident_type = :incident_type)
        AND (:runbook_id::text IS NULL OR p.runbook_id = :runbook_id)
        AND (
            :text::text IS NULL
            OR strpos(lower(p.incident_type), lower(:text)) > 0
            OR strpos(lower(p.runbook_id), lower(:text)) > 0
            OR EXISTS (
                SELECT 1
                FROM runbooks kb
                WHERE kb.runbook_id = p.runbook_id
                    AND strpos(lower(kb.name), lower(:text)) > 0
            )
        )
        AND (
            :standing::text IS NULL
            OR :standing = CASE
                WHEN l.rule_id IS NOT NULL THEN 'promoted'
                WHEN r.executable THEN 'open'
                ELSE 'barred'
            END
        )
    ORDER BY p.incident_type, p.runbook_id
    LIMIT :limit
) p
CROSS JOIN LATERAL tenant_spread(p.incident_type, p.runbook_id) w
CROSS JOIN LATERAL pair_doubts(p.incident_type, p.runbook_id, p.counted_from) d
ORDER BY p.incident_type, p.runbook_id;

-- name: platform_get
-- fleet: counts only
SELECT
    p.id, p.incident_type, p.runbook_id, NULLIF(p.counted_from, '-infinity') AS counted_from, p.sites, p.organizations, p.successes,
    p.verified_successes, p.failures, p.not_attempted, p.claimed_successes, p.claimed_failures,
    p.chaos_successes, p.chaos_failures,
    p.since_sites, p.since_organizations, p.since_chaos_organizations, p.since_successes,
    p.since_verified_successes, p.since_failures, p.since_chaos_successes, p.since_chaos_failures,
    w.largest_organization AS since_largest_organization, w.partners AS since_partners,
    d.look_alike, d.built_in, d.approved_by,
    p.first_seen_at, p.last_seen_at, p.last_evidence_at, r.platform, r.executable,
    l.rule_id AS living_rule
FROM platform_patterns p
LEFT JOIN runbooks r ON r.runbook_id = p.runbook_id
LEFT JOIN l1_rules l
    ON l.source = 'platform' AND l.withdrawn_at IS NULL
    AND l.incident_type = p.incident_type AND l.runbook_id = p.runbook_id
CROSS JOIN LATERAL tenant_spread(p.incident_type, p.runbook_id) w
CROSS JOIN LATERAL pair_doubts(p.incident_type, p.runbook_id, p.counted_from) d
WHERE p.id = :id;

-- name: platform_elsewhere
-- fleet: counts only, of so many organizations that they tell of none
-- What L2 did for an incident type across the platform, as far as a plan may rest on it: what the
-- platform's fold counted of each site, and what came since, in one snapshot, so that nothing is
-- missing or twice. Organizations are asked now whether they contribute.
-- Its cost is that of the type's sites, and of what waits for the fold up to a bound; the history
-- behind them costs nothing. Measured on two busy cores, 3,000 sites: 643 pages and 4 ms for 495
-- unfolded facts of a type after 100,000 folded facts, 646 pages and 4 ms after 4,400,000; 5,241 and
-- 5,244 pages, 22 and 30 ms, for 9,400 of them after 2,000,000 and 6,300,000. A type that every site
-- healed by two runbooks: 4,260 pages, 19 to 47 ms, the sites' counts nearly all of it.
WITH by_organization AS (
    SELECT
        t.runbook_id,
        o.partner_id,
        sum(t.not_attempted) AS not_attempted,
        sum(t.claimed_successes) AS claimed_successes,
        sum(t.claimed_failures) AS claimed_failures,
        sum(t.since_successes) AS successes,
        sum(t.since_verified_successes) AS verified_successes,
        sum(t.since_failures) AS failures,
        sum(t.since_chaos_successes) AS chaos_successes,
        sum(t.since_chaos_failures) AS chaos_failures,
        sum(t.since_successes + t.since_failures) AS attempts,
        sum(t.since_chaos_successes + t.since_chaos_failures) AS chaos_attempts,
        max(t.last_evidence_at) AS last_evidence_at
    FROM (
        SELECT
            k.runbook_id, k.site_id, k.not_attempted, k.claimed_successes, k.claimed_failures,
            k.since_successes, k.since_verified_successes, k.since_failures,
            k.since_chaos_successes, k.since_chaos_failures, k.last_evidence_at
        FROM platform_pattern_sites k
        WHERE k.incident_type = :incident_type
        UNION ALL
        SELECT
            n.runbook_id, n.site_id, n.not_attempted, n.claimed_successes, n.claimed_failures,
            n.since_successes, n.since_verified_successes, n.since_failures,
            n.since_chaos_successes, n.since_chaos_failures, n.last_evidence_at
        FROM unfolded_counts(:incident_type) n
    ) t
    JOIN sites s ON s.id = t.site_id
    JOIN organizations o ON o.id = s.organization_id
    WHERE o.contributes
    GROUP BY t.runbook_id, o.id
),
pairs AS (
    SELECT
        b.runbook_id,
        sum(b.not_attempted)::bigint AS not_attempted,
        sum(b.claimed_successes)::bigint AS claimed_successes,
        sum(b.claimed_failures)::bigint AS claimed_failures,
        sum(b.successes)::bigint AS since_successes,
        sum(b.verified_successes)::bigint AS since_verified_successes,
        sum(b.failures)::bigint AS since_failures,
        sum(b.chaos_successes)::bigint AS since_chaos_successes,
        sum(b.chaos_failures)::bigint AS since_chaos_failures,
        count(*) FILTER (WHERE b.attempts > 0) AS since_organizations,
        count(*) FILTER (WHERE b.attempts + b.chaos_attempts > 0) AS since_chaos_organizations,
        count(DISTINCT b.partner_id) FILTER (WHERE b.attempts > 0) AS since_partners,
        max(b.attempts)::bigint AS since_largest_organization,
        max(b.last_evidence_at) AS last_evidence_at
    FROM by_organization b
    GROUP BY b.runbook_id
    HAVING count(*) FILTER (WHERE b.attempts > 0) >= :least_organizations
)
SELECT
    :incident_type AS incident_type, n.runbook_id, NULLIF(c.counted_from, '-infinity') AS counted_from,
    n.not_attempted, n.claimed_successes, n.claimed_failures, n.since_successes,
    n.since_verified_successes, n.since_failures, n.since_chaos_successes, n.since_chaos_failures,
    n.since_organizations, n.since_chaos_organizations, n.since_partners,
    n.since_largest_organization, n.last_evidence_at, d.look_alike, d.built_in, d.approved_by,
    r.platform, r.executable, l.rule_id AS living_rule
FROM pairs n
JOIN runbooks r ON r.runbook_id = n.runbook_id
LEFT JOIN platform_patterns p ON p.incident_type = :incident_type AND p.runbook_id = n.runbook_id
LEFT JOIN l1_rules l
    ON l.source = 'platform' AND l.withdrawn_at IS NULL
    AND l.incident_type = :incident_type AND l.runbook_id = n.runbook_id
CROSS JOIN LATERAL (SELECT COALESCE(p.counted_from, '-infinity') AS counted_from) c
CROSS JOIN LATERAL pair_doubts(:incident_type, n.runbook_id, c.counted_from) d
WHERE r.executable
ORDER BY n.runbook_id;

-- name: platform_closest
-- fleet: counts only
-- Those nearest to a rule first, by the mean of how far each countable gate is open; those that
-- have their rule or can have none come last. Pairs are as many as incident types and runbooks.
-- The rows are chosen first: whose evidence each is, is summed up for one page only.
SELECT
    p.id, p.incident_type, p.runbook_id, NULLIF(p.counted_from, '-infinity') AS counted_from,
    p.sites, p.organizations, p.successes, p.verified_successes, p.failures, p.not_attempted,
    p.claimed_successes, p.claimed_failures, p.chaos_successes, p.chaos_failures, p.since_sites,
    p.since_organizations, p.since_chaos_organizations, p.since_successes,
    p.since_verified_successes, p.since_failures, p.since_chaos_successes, p.since_chaos_failures,
    w.largest_organization AS since_largest_organization, w.partners AS since_partners,
    d.look_alike, d.built_in, d.approved_by, p.first_seen_at, p.last_seen_at, p.last_evidence_at,
    p.platform, p.executable, p.living_rule, p.nearness
FROM (
    SELECT p.*, r.platform, r.executable, l.rule_id AS living_rule, n.nearness
    FROM platform_patterns p
    LEFT JOIN runbooks r ON r.runbook_id = p.runbook_id
    LEFT JOIN l1_rules l
        ON l.source = 'platform' AND l.withdrawn_at IS NULL
        AND l.incident_type = p.incident_type AND l.runbook_id = p.runbook_id
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN :learn_from_chaos THEN p.since_chaos_organizations
                ELSE p.since_organizations
            END AS organizations,
            p.since_successes + p.since_failures + CASE
                WHEN :learn_from_chaos THEN p.since_chaos_successes + p.since_chaos_failures
                ELSE 0
            END AS occurrences,
            CASE
                WHEN :require_verified::boolean THEN p.since_verified_successes
                WHEN :learn_from_chaos::boolean THEN p.since_successes + p.since_chaos_successes
                ELSE p.since_successes
            END AS successes
    ) c
    CROSS JOIN LATERAL (
        SELECT
            (
                LEAST(c.organizations / :organizations::float8, 1)
                + LEAST(c.occurrences / :occurrences::float8, 1)
                + LEAST(
                    COALESCE(c.successes::float8 / NULLIF(c.occurrences, 0), 0)
                    / :success_rate::float8, 1
                )
            ) / 3 - CASE
                WHEN l.rule_id IS NOT NULL THEN 1
                WHEN r.executable THEN 0
                ELSE 2
            END AS nearness
    ) n
    WHERE (
            :after_nearness::float8 IS NULL
            OR n.nearness < :after_nearness
            OR n.nearness = :after_nearness AND (p.incident_type, p.runbook_id)
                > (:after_type::text, :after_runbook::text)
        )
        AND (:incident_type::text IS NULL OR p.incident_type = :incident_type)
        AND (:runbook_id::text IS NULL OR p.runbook_id = :runbook_id)
        AND (
            :text::text IS NULL
            OR strpos(lower(p.incident_type), lower(:text)) > 0
            OR strpos(lower(p.runbook_id), lower(:text)) > 0
            OR strpos(lower(r.name), lower(:text)) > 0
        )
        AND (
            :standing::text IS NULL
            OR :standing = CASE
                WHEN l.rule_id IS NOT NULL THEN 'promoted'
                WHEN r.executable THEN 'open'
                ELSE 'barred'
            END
        )
    ORDER BY n.nearness DESC, p.incident_type, p.runbook_id
    LIMIT :limit
) p
CROSS JOIN LATERAL tenant_spread(p.incident_type, p.runbook_id) w
CROSS JOIN LATERAL pair_doubts(p.incident_type, p.runbook_id, p.counted_from) d
ORDER BY p.nearness DESC, p.incident_type, p.runbook_id;

-- name: platform_due
-- fleet: counts only
-- A coarse sieve; the gates decide. The largest share is not summed up for what other gates stop.
SELECT
    p.id, p.incident_type, p.runbook_id, NULLIF(p.counted_from, '-infinity') AS counted_from, p.sites, p.organizations, p.successes,
    p.verified_successes, p.failures, p.not_attempted, p.claimed_successes, p.claimed_failures,
    p.chaos_successes, p.chaos_failures,
    p.since_sites, p.since_organizations, p.since_chaos_organizations, p.since_successes,
    p.since_verified_successes, p.since_failures, p.since_chaos_successes, p.since_chaos_failures,
    0::bigint AS since_largest_organization, 0::bigint AS since_partners,
    NULL::text AS look_alike, NULL::text AS built_in, NULL::text AS approved_by,
    p.first_seen_at, p.last_seen_at, p.last_evidence_at, r.platform, r.executable,
    NULL::text AS living_rule
FROM platform_patterns p
JOIN runbooks r ON r.runbook_id = p.runbook_id
WHERE p.since_chaos_organizations >= :least_organizations
    AND p.since_successes + p.since_failures + p.since_chaos_successes
        + p.since_chaos_failures >= :least_occurrences
    AND r.executable
    AND NOT EXISTS (
        SELECT 1
        FROM l1_rules l
        WHERE l.source = 'platform'
            AND l.withdrawn_at IS NULL
            AND l.incident_type = p.incident_type
            AND l.runbook_id = p.runbook_id
    )
ORDER BY p.incident_type, p.runbook_id;

-- name: generation
-- fleet: platform rules belong to no tenant
SELECT count(*) + 1 AS generation
FROM l1_rules l
WHERE l.source = 'platform'
    AND l.incident_type = :incident_type
    AND l.runbook_id = :runbook_id;

-- name: unresolved
-- fleet: operators mend the registry for every tenant
-- Those that count, or (:set_aside) those that are set aside and have not grown since; null: both.
SELECT
    t.reported_id, t.level, t.executions, t.sites, t.incident_types, t.last_seen_at,
    s.reason, s.set_aside_by, s.set_aside_at, s.executions AS had, s.comes_back_at
FROM (
    SELECT
        c.reported_id,
        'L1' AS level,
        sum(
            c.successes + c.failures + c.not_attempted + c.chaos_successes + c.chaos_failures
        )::bigint AS executions,
        count(DISTINCT c.site_id) AS sites,
        (array_agg(DISTINCT c.incident_type))[1:10] AS incident_types,
        max(c.last_seen_at) AS last_seen_at
    FROM rule_counts c
    WHERE c.rule IS NULL
    GROUP BY c.reported_id
    UNION ALL
    SELECT
        p.runbook_id,
        'L2',
        sum(
            p.successes + p.failures + p.not_attempted + p.claimed_successes
            + p.claimed_failures + p.chaos_successes + p.chaos_failures
        )::bigint,
        count(DISTINCT p.site_id),
        (array_agg(DISTINCT p.incident_type))[1:10],
        max(p.last_seen_at)
    FROM patterns p
    WHERE NOT EXISTS (SELECT 1 FROM runbooks r WHERE r.runbook_id = p.runbook_id)
    GROUP BY p.runbook_id
) t
LEFT JOIN set_aside_ids s ON s.reported_id = t.reported_id AND s.level = t.level
WHERE t.executions > 0
    AND (:set_aside::boolean IS NULL OR :set_aside = (t.executions < COALESCE(s.comes_back_at, 0)))
    AND (:reported_id::text IS NULL OR t.reported_id = :reported_id AND t.level = :level::text)
    AND (
        :after_executions::bigint IS NULL
        OR (-t.executions, t.reported_id, t.level)
            > (-:after_executions::bigint, :after_id::text, :after_level::text)
    )
    AND (:text::text IS NULL OR strpos(lower(t.reported_id), lower(:text)) > 0)
ORDER BY t.executions DESC, t.reported_id, t.level
LIMIT :limit;

-- name: unresolved_total
-- fleet: one figure for the platform
SELECT
    COALESCE((
        SELECT sum(
            c.successes + c.failures + c.not_attempted + c.chaos_successes + c.chaos_failures
        )
        FROM rule_counts c
        WHERE c.rule IS NULL
    ), 0)::bigint + COALESCE((
        SELECT sum(
            p.successes + p.failures + p.not_attempted + p.claimed_successes
            + p.claimed_failures + p.chaos_successes + p.chaos_failures
        )
        FROM patterns p
        WHERE NOT EXISTS (SELECT 1 FROM runbooks r WHERE r.runbook_id = p.runbook_id)
    ), 0)::bigint AS executions;

-- name: own_look_alike
-- What an incident type looks like among those of its own site and the platform's rules: a partner
-- learns of no type that others report.
SELECT k.incident_type
FROM (
    SELECT p.incident_type
    FROM patterns p
    WHERE p.site_id = :site_id
    UNION
    SELECT l.incident_type
    FROM l1_rules l
    WHERE l.scope = 'platform'
) k
WHERE k.incident_type <> :incident_type
    AND lookalike_key(k.incident_type) = lookalike_key(:incident_type)
ORDER BY k.incident_type
LIMIT 1;

-- name: approve_pair
-- fleet: platform patterns belong to no tenant
-- Guarded: one word holds for the evidence that counts now.
INSERT INTO platform_approvals AS a (incident_type, runbook_id, approved_by, approved_at, reason)
SELECT p.incident_type, p.runbook_id, :approved_by, :now, :reason
FROM platform_patterns p
WHERE p.id = :id
ON CONFLICT (incident_type, runbook_id) DO UPDATE
SET approved_by = excluded.approved_by,
    approved_at = excluded.approved_at,
    reason = excluded.reason
WHERE a.approved_at < (
    SELECT p.counted_from
    FROM platform_patterns p
    WHERE p.id = :id
)
RETURNING a.incident_type;
