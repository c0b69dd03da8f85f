-- name: lock
-- fleet: folds cross tenants
SELECT pg_advisory_xact_lock({lock.SERVER}, {lock.FOLDS});

-- name: share
-- fleet: folds cross tenants
-- Folds, and work on evidence, write tables of their own, so they only keep out whoever takes the lock
-- for himself, and any other transaction that would do the same work.
SELECT
    pg_advisory_xact_lock_shared({lock.SERVER}, {lock.FOLDS}),
    pg_advisory_xact_lock({lock.WORK}, hashtext(:work));

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
WHERE m.fold = :fold;

-- name: elsewhere
-- fleet: folds cross tenants
SELECT EXISTS (
    SELECT 1
    FROM fold_marks m
    CROSS JOIN pg_control_system() c
    WHERE m.fold = ANY(:folds::text[])
        AND m.system_identifier <> c.system_identifier
);

-- name: start
-- fleet: folds cross tenants
-- Nothing is visible in this snapshot: the first fold takes everything.
INSERT INTO fold_marks (fold, mark, system_identifier, folded_at)
SELECT :fold, '1:1:'::pg_snapshot, c.system_identifier, :now
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
        e.runbook_id,
        e.hostname,
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
        max(e.occurred_at) FILTER (WHERE e.known) AS last_evidence_at,
        count(*) AS facts,
        row_number() OVER () AS place
    FROM (
        SELECT
            f.site_id, f.incident_type, f.hostname, f.occurred_at, f.known,
            f.successes, f.verified_successes, f.failures, f.not_attempted, f.claimed_successes,
            f.claimed_failures, f.chaos_successes, f.chaos_failures,
            -- The list is hashed: only what has another name is looked up.
            CASE
                WHEN f.reported_id IN (
                    SELECT a.alias FROM aliases a WHERE a.runbook_id <> a.alias
                )
                    THEN (SELECT a.runbook_id FROM aliases a WHERE a.alias = f.reported_id)
                ELSE f.reported_id
            END AS runbook_id
        FROM counted_facts f
        WHERE f.xid >= pg_snapshot_xmin(:since::text::pg_snapshot)
            AND NOT pg_visible_in_snapshot(f.xid, :since::text::pg_snapshot)
            AND pg_visible_in_snapshot(f.xid, (SELECT pg_current_snapshot()))
            AND f.level = 'L2'
    ) e
    GROUP BY e.site_id, e.incident_type, e.runbook_id, e.hostname
    -- Everyone takes patterns in this order: no two transactions wait for each other in a ring.
    ORDER BY e.site_id, e.incident_type, e.runbook_id, e.hostname
),
changed AS (
    UPDATE patterns p
    SET successes = p.successes + n.successes,
        verified_successes = p.verified_successes + n.verified_successes,
        failures = p.failures + n.failures,
        not_attempted = p.not_attempted + n.not_attempted,
        claimed_successes = p.claimed_successes + n.claimed_successes,
        claimed_failures = p.claimed_failures + n.claimed_failures,
        chaos_successes = p.chaos_successes + n.chaos_successes,
        chaos_failures = p.chaos_failures + n.chaos_failures,
        first_seen_at = LEAST(p.first_seen_at, n.first_seen_at),
        last_seen_at = GREATEST(p.last_seen_at, n.last_seen_at),
        last_evidence_at = GREATEST(p.last_evidence_at, n.last_evidence_at),
        -- Only what may change its state is looked at: a candidate, and what may become one.
        due_at = CASE
            WHEN p.state = 'eligible'
                OR p.state IN ('observed', 'withdrawn') AND NOT p.blocked AND counts_suffice(
                    p.successes + n.successes, p.verified_successes + n.verified_successes,
                    p.failures + n.failures, p.chaos_successes + n.chaos_successes,
                    p.chaos_failures + n.chaos_failures, :site_min_occurrences,
                    :site_min_successes, :site_min_success_rate, :require_verified,
                    :learn_from_chaos
                )
                THEN '-infinity'
            -- What a rule was made of and has lost: whether it holds is looked at.
            WHEN p.state = 'approved' AND NOT counts_suffice(
                p.successes + n.successes, p.verified_successes + n.verified_successes,
                p.failures + n.failures, p.chaos_successes + n.chaos_successes,
                p.chaos_failures + n.chaos_failures, :site_min_occurrences, :site_min_successes,
                :site_min_success_rate, :require_verified, :learn_from_chaos
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
    -- By place: the patterns that are there were looked up once, and a list is hashed. Where all of
    -- them are there, nobody looks for others.
    WHERE (SELECT count(*) FROM changed) < (SELECT count(*) FROM new)
        AND n.place NOT IN (SELECT c.place FROM changed c)
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
        not_attempted, claimed_successes, claimed_failures, chaos_successes, chaos_failures,
        first_seen_at, last_seen_at, last_evidence_at, due_at
    )
    SELECT
        -- Types and hosts may hold colons, so two patterns may share a signature: the later one
        -- gets an id of its own.
        CASE WHEN p.id_taken
            THEN pattern_id_apart(p.site_id, p.incident_type, p.runbook_id, p.hostname)
            ELSE p.id
        END,
        p.site_id, p.incident_type, p.runbook_id, p.hostname, p.successes, p.verified_successes,
        p.failures, p.not_attempted, p.claimed_successes, p.claimed_failures, p.chaos_successes,
        p.chaos_failures, p.first_seen_at,
        p.last_seen_at, p.last_evidence_at,
        CASE WHEN counts_suffice(
            p.successes, p.verified_successes, p.failures, p.chaos_successes, p.chaos_failures,
            :site_min_occurrences, :site_min_successes, :site_min_success_rate, :require_verified,
            :learn_from_chaos
        )
            THEN '-infinity'::timestamptz
        END
    FROM placed p
    RETURNING 1
),
marked AS (
    UPDATE fold_marks
    SET mark = pg_current_snapshot(), folded_at = :now
    WHERE fold = 'patterns'
)
SELECT
    (SELECT COALESCE(sum(n.facts), 0) FROM new n)::bigint AS rows_in,
    (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) AS rows_out;

-- name: fold_deliveries
-- fleet: one statement folds what is new of every site
-- An L1 execution proves that its rule runs on its appliance: the one that the key is bound to, else
-- the one that the body names, else the only one of the site.
WITH new AS MATERIALIZED (
    SELECT
        e.site_id, e.incident_type, e.reported_id, e.appliance_id, e.reported_appliance,
        sum(e.weight) AS matches,
        sum(e.successes + e.chaos_successes) AS successes,
        min(e.received_at) FILTER (WHERE e.weight > 0) AS matched_at,
        min(e.received_at) FILTER (WHERE e.weight > 0 AND e.outcome = 'success') AS succeeded_at,
        max(e.received_at) AS received_at,
        -- A correction, or a later proof of an old heal, is no sign that the rule still runs.
        max(e.received_at) FILTER (WHERE e.weight > 0 AND e.revision = 0) AS ran_at,
        max(e.occurred_at) FILTER (WHERE e.weight > 0 AND e.revision = 0) AS began_at,
        count(*) AS facts
    FROM counted_facts e
    WHERE e.xid >= pg_snapshot_xmin(:since::text::pg_snapshot)
        AND NOT pg_visible_in_snapshot(e.xid, :since::text::pg_snapshot)
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
        n.site_id, n.matches, n.successes, n.matched_at, n.succeeded_at, n.received_at, n.ran_at,
        n.began_at,
        CASE
            WHEN w.incident_type IS NOT NULL THEN w.rule
            ELSE (SELECT r.rule FROM resolved_rule(n.site_id, n.incident_type, n.reported_id) r)
        END AS rule,
        COALESCE(
            (SELECT COALESCE(a.merged_into, a.id) FROM appliances a WHERE a.id = n.appliance_id),
            CASE WHEN n.reported_appliance IS NOT NULL THEN (
                SELECT COALESCE(a.merged_into, a.id)
                FROM appliances a
                WHERE a.site_id = n.site_id
                    AND (
                        lower(a.wire_id) = lower(n.reported_appliance)
                        OR a.id::text = lower(n.reported_appliance)
                        OR a.mac = replace(upper(right(n.reported_appliance, 17)), '-', ':')
                    )
                ORDER BY
                    (a.removed_at IS NULL OR a.merged_into IS NOT NULL) DESC,
                    (lower(a.wire_id) = lower(n.reported_appliance)) DESC,
                    a.id
                LIMIT 1
            ) END,
            (
                SELECT min(a.id::text)::uuid
                FROM appliances a
                WHERE a.site_id = n.site_id
                    AND a.removed_at IS NULL
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
-- What runs though it was switched off; without an appliance where nobody can tell which it was.
remained AS (
    INSERT INTO rule_remains AS m (
        rule, site_id, appliance_id, first_received_at, last_received_at, last_began_at
    )
    SELECT
        p.rule, p.site_id, p.appliance_id, max(p.ran_at), max(p.ran_at), max(p.began_at)
    FROM placed p
    JOIN l1_rules l ON l.id = p.rule
    WHERE NOT l.enabled
        AND l.source IN ('promoted', 'platform', 'custom')
        AND p.ran_at > l.enabled_changed_at
    GROUP BY p.rule, p.site_id, p.appliance_id
    ORDER BY p.rule, p.site_id, p.appliance_id
    ON CONFLICT ON CONSTRAINT rule_remains_place_key DO UPDATE
    SET first_received_at = CASE
            WHEN m.last_received_at
                > (SELECT l.enabled_changed_at FROM l1_rules l WHERE l.id = m.rule)
                THEN m.first_received_at
            ELSE excluded.first_received_at
        END,
        last_received_at = GREATEST(m.last_received_at, excluded.last_received_at),
        last_began_at = GREATEST(m.last_began_at, excluded.last_began_at)
    RETURNING 1
),
marked AS (
    UPDATE fold_marks
    SET mark = pg_current_snapshot(), folded_at = :now
    WHERE fold = 'deliveries'
)
SELECT
    (SELECT COALESCE(sum(n.facts), 0) FROM new n)::bigint AS rows_in,
    (SELECT count(*) FROM folded) + (SELECT count(*) FROM remained) AS rows_out;

-- name: fold_days
-- fleet: one statement folds what is new of every site
WITH new AS MATERIALIZED (
    SELECT
        (e.evidence_at AT TIME ZONE 'UTC')::date AS day,
        e.level,
        sum(e.successes + e.chaos_successes) AS successes,
        sum(e.failures + e.chaos_failures) AS failures,
        sum(e.not_attempted) AS not_attempted,
        sum(e.claimed_successes) AS claimed_successes,
        sum(e.claimed_failures) AS claimed_failures,
        count(*) AS facts
    FROM counted_facts e
    WHERE e.xid >= pg_snapshot_xmin(:since::text::pg_snapshot)
        AND NOT pg_visible_in_snapshot(e.xid, :since::text::pg_snapshot)
        AND pg_visible_in_snapshot(e.xid, (SELECT pg_current_snapshot()))
    GROUP BY (e.evidence_at AT TIME ZONE 'UTC')::date, e.level
),
folded AS (
    INSERT INTO level_days (day, level, successes, failures, not_attempted, claimed_successes,
    claimed_failures)
    SELECT n.day, n.level, n.successes, n.failures, n.not_attempted, n.claimed_successes,
    n.claimed_failures
    FROM new n
    ORDER BY n.day, n.level
    ON CONFLICT (day, level) DO UPDATE
    SET successes = level_days.successes + excluded.successes,
        failures = level_days.failures + excluded.failures,
        not_attempted = level_days.not_attempted + excluded.not_attempted,
        claimed_successes = level_days.claimed_successes + excluded.claimed_successes,
        claimed_failures = level_days.claimed_failures + excluded.claimed_failures
    RETURNING 1
),
marked AS (
    UPDATE fold_marks
    SET mark = pg_current_snapshot(), folded_at = :now
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
    not_attempted = dropped_not_attempted,
    claimed_successes = dropped_claimed_successes,
    claimed_failures = dropped_claimed_failures;

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
    FROM unnest(:rules::uuid[]) AS t (id)
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
        sum(m.claimed_successes) AS claimed_successes,
        sum(m.claimed_failures) AS claimed_failures,
        sum(m.chaos_successes) AS chaos_successes, sum(m.chaos_failures) AS chaos_failures,
        min(m.first_seen_at) AS first_seen_at, max(m.last_seen_at) AS last_seen_at,
        max(m.last_evidence_at) AS last_evidence_at
    FROM moved m
    GROUP BY m.site_id, m.incident_type, m.resolved, m.hostname
)
INSERT INTO patterns (
    id, site_id, incident_type, runbook_id, hostname, successes, verified_successes, failures,
    not_attempted, claimed_successes, claimed_failures, chaos_successes, chaos_failures,
    first_seen_at, last_seen_at, last_evidence_at, due_at
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
    g.failures, g.not_attempted, g.claimed_successes, g.claimed_failures, g.chaos_successes,
    g.chaos_failures, g.first_seen_at,
    g.last_seen_at, g.last_evidence_at, '-infinity'
FROM merged g
ON CONFLICT (site_id, incident_type, runbook_id, hostname) DO UPDATE
SET successes = patterns.successes + excluded.successes,
    verified_successes = patterns.verified_successes + excluded.verified_successes,
    failures = patterns.failures + excluded.failures,
    not_attempted = patterns.not_attempted + excluded.not_attempted,
    claimed_successes = patterns.claimed_successes + excluded.claimed_successes,
    claimed_failures = patterns.claimed_failures + excluded.claimed_failures,
    chaos_successes = patterns.chaos_successes + excluded.chaos_successes,
    chaos_failures = patterns.chaos_failures + excluded.chaos_failures,
    first_seen_at = LEAST(patterns.first_seen_at, excluded.first_seen_at),
    last_seen_at = GREATEST(patterns.last_seen_at, excluded.last_seen_at),
    last_evidence_at = GREATEST(patterns.last_evidence_at, excluded.last_evidence_at),
    due_at = '-infinity';

-- name: mark_runbook_due
-- fleet: a runbook is the same for every tenant
UPDATE patterns
SET due_at = '-infinity'
WHERE runbook_id IN (SELECT a.runbook_id FROM aliases a WHERE a.alias = :alias)
    AND (state = 'eligible' OR blocked OR due_at IS NOT NULL);

-- name: move_rules
-- fleet: an alias holds for every tenant
WITH moved AS (
    DELETE FROM rule_counts c
    WHERE c.rule IS NULL
        AND c.reported_id = :reported_id
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

-- name: unresolved_known
-- fleet: a release knows ids for every tenant
SELECT DISTINCT c.reported_id
FROM rule_counts c
WHERE c.rule IS NULL
    AND (
        EXISTS (
            SELECT 1
            FROM l1_rules l
            WHERE l.rule_id = c.reported_id AND l.source = 'builtin'
        )
        OR EXISTS (SELECT 1 FROM aliases a WHERE a.alias = c.reported_id)
    )
ORDER BY c.reported_id;

-- name: forget_patterns
-- fleet: a rebuild covers every site
UPDATE patterns
SET successes = 0,
    verified_successes = 0,
    failures = 0,
    not_attempted = 0,
    claimed_successes = 0,
    claimed_failures = 0,
    chaos_successes = 0,
    chaos_failures = 0,
    last_evidence_at = NULL,
    due_at = '-infinity';

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
    not_attempted, claimed_successes, claimed_failures, chaos_successes, chaos_failures,
    first_seen_at, last_seen_at, last_evidence_at, due_at
)
SELECT
    pattern_id_apart(
        d.site_id, d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.hostname
    ),
    d.site_id, d.incident_type, COALESCE(a.runbook_id, d.reported_id), d.hostname,
    sum(d.successes), sum(d.verified_successes), sum(d.failures), sum(d.not_attempted),
    sum(d.claimed_successes), sum(d.claimed_failures),
    sum(d.chaos_successes), sum(d.chaos_failures), min(d.first_seen_at), max(d.last_seen_at),
    max(d.last_evidence_at),
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
    claimed_successes = excluded.claimed_successes,
    claimed_failures = excluded.claimed_failures,
    chaos_successes = excluded.chaos_successes,
    chaos_failures = excluded.chaos_failures,
    last_evidence_at = excluded.last_evidence_at;

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

-- name: all_rules
-- fleet: a rebuild covers every site
SELECT array_agg(l.id) AS rules
FROM l1_rules l;
