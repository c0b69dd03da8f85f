-- What L1 did: counts by what was reported and the rule it means, and the attempts that watched rules
-- are judged by. One statement, so that the rule behind what was reported is asked for once.

-- name: fold_rules
-- fleet: one statement folds what is new of every site
WITH new AS MATERIALIZED (
    SELECT
        e.site_id, e.execution_id, e.revision, e.weight, e.level, e.incident_type, e.reported_id,
        e.hostname, e.outcome, e.chaos, e.error_category, e.successes, e.failures,
        e.not_attempted, e.chaos_successes, e.chaos_failures,
        e.occurred_at, e.evidence_at, e.received_at
    FROM counted_facts e
    WHERE e.xid >= pg_snapshot_xmin(:since::text::pg_snapshot)
        AND NOT pg_visible_in_snapshot(e.xid, :since::text::pg_snapshot)
        AND pg_visible_in_snapshot(e.xid, (SELECT pg_current_snapshot()))
        AND (e.level = 'L1' OR e.revision > 0)
),
-- Most of what is reported means the same on every site, and is resolved once for all.
everywhere AS MATERIALIZED (
    SELECT k.incident_type, k.reported_id, r.rule
    FROM (SELECT DISTINCT n.incident_type, n.reported_id FROM new n WHERE n.level = 'L1') k
    CROSS JOIN LATERAL resolved_everywhere(k.incident_type, k.reported_id) r
),
-- By itself: joined at once, a planner would resolve each twice.
resolved AS MATERIALIZED (
    SELECT
        d.site_id, d.incident_type, d.reported_id,
        CASE
            WHEN w.incident_type IS NOT NULL THEN w.rule
            -- Not `resolve_rule`, which a statement does not plan as a part of itself.
            ELSE (SELECT r.rule FROM resolved_rule(d.site_id, d.incident_type, d.reported_id) r)
        END AS rule,
        d.successes, d.failures, d.not_attempted, d.chaos_successes, d.chaos_failures,
        d.first_seen_at, d.last_seen_at, d.facts
    FROM (
        SELECT
            n.site_id, n.incident_type, n.reported_id,
            sum(n.successes) AS successes,
            sum(n.failures) AS failures,
            sum(n.not_attempted) AS not_attempted,
            sum(n.chaos_successes) AS chaos_successes,
            sum(n.chaos_failures) AS chaos_failures,
            min(n.occurred_at) AS first_seen_at,
            max(n.occurred_at) AS last_seen_at,
            count(*) AS facts
        FROM new n
        WHERE n.level = 'L1'
        GROUP BY n.site_id, n.incident_type, n.reported_id
    ) d
    -- A left join by its meaning, for a hash: there is nothing in it that is not reported.
    FULL JOIN everywhere w
        ON w.incident_type = d.incident_type AND w.reported_id = d.reported_id
),
counted AS (
    INSERT INTO rule_counts (
        site_id, incident_type, reported_id, rule, successes, failures, not_attempted,
        chaos_successes, chaos_failures, first_seen_at, last_seen_at
    )
    SELECT
        r.site_id, r.incident_type, r.reported_id, r.rule, r.successes, r.failures,
        r.not_attempted, r.chaos_successes, r.chaos_failures, r.first_seen_at, r.last_seen_at
    FROM resolved r
    ORDER BY r.site_id, r.incident_type, r.reported_id
    ON CONFLICT (site_id, incident_type, reported_id, rule) DO UPDATE
    SET successes = rule_counts.successes + excluded.successes,
        failures = rule_counts.failures + excluded.failures,
        not_attempted = rule_counts.not_attempted + excluded.not_attempted,
        chaos_successes = rule_counts.chaos_successes + excluded.chaos_successes,
        chaos_failures = rule_counts.chaos_failures + excluded.chaos_failures,
        first_seen_at = LEAST(rule_counts.first_seen_at, excluded.first_seen_at),
        last_seen_at = GREATEST(rule_counts.last_seen_at, excluded.last_seen_at)
),
versions AS MATERIALIZED (
    -- The version of each execution that is in force now; a first version that is not L1 is no news.
    SELECT DISTINCT ON (n.site_id, n.execution_id)
        n.site_id, n.execution_id, n.incident_type, n.reported_id, n.hostname,
        n.level = 'L1' AND n.outcome <> 'not_attempted' AS attempted,
        n.outcome = 'success' AS success,
        n.chaos,
        n.error_category,
        LEAST(n.occurred_at, n.evidence_at) AS began_at,
        n.evidence_at,
        n.received_at,
        -- Only a correction has an attempt already, or anything where all is folded anew: nothing is
        -- looked up by NULL.
        CASE
            WHEN n.revision > 0 OR pg_snapshot_xmin(:since::text::pg_snapshot) < '3'
                THEN n.execution_id
        END AS known_id
    FROM new n
    WHERE n.weight = 1
    ORDER BY n.site_id, n.execution_id, n.revision DESC
),
meant AS MATERIALIZED (
    SELECT d.site_id, d.incident_type, d.reported_id, d.rule
    FROM resolved d
    -- A list is hashed, where a join would ask for the same few rules again and again.
    WHERE d.rule IN (
        SELECT l.id
        FROM (SELECT DISTINCT r.rule FROM resolved r) t
        JOIN l1_rules l ON l.id = t.rule
        WHERE l.source IN ('promoted', 'platform')
    ) IS TRUE
),
placed AS MATERIALIZED (
    SELECT
        n.site_id, n.execution_id, n.incident_type, n.reported_id, n.hostname, n.success, n.chaos,
        n.error_category, n.began_at, n.evidence_at, n.received_at,
        a.rule AS old_rule, a.seq AS old_seq, a.began_at AS old_began_at,
        (a.success, a.chaos) IS DISTINCT FROM (n.success, n.chaos) AS counts_otherwise,
        -- What a rule was when the attempt was first folded, it stays.
        CASE
            WHEN NOT n.attempted THEN NULL
            WHEN (a.incident_type, a.reported_id) = (n.incident_type, n.reported_id) THEN a.rule
            ELSE m.rule
        END AS rule
    FROM versions n
    LEFT JOIN rule_attempts a ON a.site_id = n.site_id AND a.execution_id = n.known_id
    -- A left join by its meaning. A full one is never made by a loop in a loop, which a planner that
    -- expects few rows would choose; nor does it see through the condition that makes it a left one.
    FULL JOIN meant m
        ON m.site_id = n.site_id AND m.incident_type = n.incident_type
        AND m.reported_id = n.reported_id
    WHERE CASE
        WHEN n.site_id IS NOT NULL THEN a.rule IS NOT NULL OR m.rule IS NOT NULL
        ELSE false
    END
),
numbered AS MATERIALIZED (
    SELECT
        p.site_id, p.execution_id, p.incident_type, p.reported_id, p.hostname, p.success, p.chaos,
        p.error_category, o.began_at, p.received_at, p.old_rule, p.rule,
        p.counts_otherwise OR p.old_began_at IS DISTINCT FROM o.began_at AS counts_otherwise,
        CASE
            WHEN p.rule IS NOT DISTINCT FROM p.old_rule THEN p.old_seq
            ELSE COALESCE(h.last_seq, 0) + row_number() OVER (
                PARTITION BY p.rule, p.rule IS NOT DISTINCT FROM p.old_rule
                ORDER BY p.received_at, o.began_at, p.site_id, p.execution_id
            )
        END AS seq
    FROM placed p
    LEFT JOIN rule_health h ON h.rule = p.rule
    LEFT JOIN l1_rules l ON l.id = p.rule
    -- What names a rule's own id is not older than the rule: such a clock is slow.
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN p.reported_id = l.rule_id AND p.began_at < l.created_at THEN p.evidence_at
            ELSE p.began_at
        END AS began_at
    ) o
),
removed AS (
    DELETE FROM rule_attempts a
    USING numbered n
    WHERE n.rule IS NULL
        AND a.site_id = n.site_id
        AND a.execution_id = n.execution_id
),
changed AS (
    UPDATE rule_attempts a
    SET rule = n.rule,
        seq = n.seq,
        incident_type = n.incident_type,
        reported_id = n.reported_id,
        hostname = n.hostname,
        success = n.success,
        chaos = n.chaos,
        error_category = n.error_category,
        began_at = n.began_at,
        received_at = n.received_at
    FROM numbered n
    WHERE n.old_rule IS NOT NULL
        AND n.rule IS NOT NULL
        AND a.site_id = n.site_id
        AND a.execution_id = n.execution_id
),
added AS (
    INSERT INTO rule_attempts (
        site_id, execution_id, rule, seq, incident_type, reported_id, hostname, success, chaos,
        error_category, began_at, received_at
    )
    SELECT
        n.site_id, n.execution_id, n.rule, n.seq, n.incident_type, n.reported_id, n.hostname,
        n.success, n.chaos, n.error_category, n.began_at, n.received_at
    FROM numbered n
    WHERE n.old_rule IS NULL
        AND n.rule IS NOT NULL
),
touched AS (
    SELECT t.rule, max(t.last_seq) AS last_seq, bool_or(t.replay) AS replay
    FROM (
        SELECT
            n.rule, n.seq AS last_seq, n.old_rule = n.rule AND n.counts_otherwise AS replay
        FROM numbered n
        UNION ALL
        SELECT n.old_rule, 0, true
        FROM numbered n
        WHERE n.old_rule IS DISTINCT FROM n.rule
    ) t
    WHERE t.rule IS NOT NULL
    GROUP BY t.rule
),
-- Rules before their health, as a person locks them who switches one on.
locked AS MATERIALIZED (
    SELECT l.id, l.created_at
    FROM l1_rules l
    WHERE l.id IN (SELECT t.rule FROM touched t UNION SELECT r.rule FROM resolved r)
    ORDER BY l.id
    FOR NO KEY UPDATE
),
summed AS (
    UPDATE l1_rules l
    SET match_count = l.match_count + n.matches,
        success_count = l.success_count + n.successes,
        failure_count = l.failure_count + n.failures
    FROM (
        SELECT
            r.rule,
            sum(r.successes + r.failures + r.not_attempted) AS matches,
            sum(r.successes) AS successes,
            sum(r.failures) AS failures
        FROM resolved r
        GROUP BY r.rule
    ) n
    WHERE l.id = n.rule
        -- All of them are locked by then.
        AND (n.rule IN (SELECT k.id FROM locked k)) IS TRUE
    RETURNING 1
),
noted AS (
    INSERT INTO rule_health AS h (rule, restarted_at, last_seq, replay)
    SELECT t.rule, l.created_at, COALESCE(t.last_seq, 0), COALESCE(t.replay, false)
    FROM touched t
    JOIN locked l ON l.id = t.rule
    ORDER BY t.rule
    ON CONFLICT (rule) DO UPDATE
    SET last_seq = GREATEST(h.last_seq, excluded.last_seq),
        replay = h.replay OR excluded.replay
),
marked AS (
    UPDATE fold_marks
    SET mark = pg_current_snapshot(), folded_at = :now
    WHERE fold = 'rules'
)
SELECT
    (SELECT COALESCE(sum(r.facts), 0) FROM resolved r)::bigint AS rows_in,
    (SELECT count(*) FROM summed) AS rows_out;
