-- name: adopt
-- fleet: an alias holds for every tenant
-- Attempts that were folded while the id meant nothing; later ones come by the fold. The counts of
-- what was reported say which sites to look at.
WITH sites_of_id AS MATERIALIZED (
    SELECT DISTINCT c.site_id, c.incident_type, l.id AS rule, l.created_at
    FROM rule_counts c
    JOIN l1_rules l ON l.id = resolve_rule(c.site_id, c.incident_type, c.reported_id)
    WHERE c.reported_id = :reported_id AND l.source IN ('promoted', 'platform')
),
found AS MATERIALIZED (
    SELECT
        e.site_id, e.execution_id, e.incident_type, e.reported_id, e.hostname,
        e.level = 'L1' AND e.outcome <> 'not_attempted' AS attempted,
        e.outcome = 'success' AS success,
        e.chaos_campaign_id IS NOT NULL AS chaos,
        e.error_category,
        LEAST(e.occurred_at, e.evidence_at) AS began_at,
        e.received_at,
        s.rule
    FROM sites_of_id s
    JOIN executions e
        ON e.site_id = s.site_id AND e.received_at >= s.created_at
        AND e.incident_type = s.incident_type
    WHERE e.reported_id = :reported_id
        AND e.weight = 1
        AND pg_visible_in_snapshot(
            e.xid, (SELECT m.mark FROM fold_marks m WHERE m.fold = 'rules')
        )
        -- Only the version in force; one that is not folded yet comes by the fold.
        AND NOT EXISTS (
            SELECT 1
            FROM corrections c
            WHERE c.site_id = e.site_id AND c.execution_id = e.execution_id
                AND c.revision > e.revision
        )
),
added AS (
    INSERT INTO rule_attempts (
        site_id, execution_id, rule, seq, incident_type, reported_id, hostname, success, chaos,
        error_category, began_at, received_at
    )
    SELECT
        f.site_id, f.execution_id, f.rule,
        COALESCE(h.last_seq, 0) + row_number() OVER (
            PARTITION BY f.rule ORDER BY f.received_at, f.began_at, f.site_id, f.execution_id
        ),
        f.incident_type, f.reported_id, f.hostname, f.success, f.chaos, f.error_category,
        f.began_at, f.received_at
    FROM found f
    LEFT JOIN rule_health h ON h.rule = f.rule
    WHERE f.attempted
        AND NOT EXISTS (
            SELECT 1
            FROM rule_attempts a
            WHERE a.site_id = f.site_id AND a.execution_id = f.execution_id
        )
    RETURNING rule, seq
),
-- Rules before their health, as a person locks them who switches one on.
locked AS MATERIALIZED (
    SELECT l.id, l.created_at
    FROM l1_rules l
    WHERE l.id IN (SELECT a.rule FROM added a)
    ORDER BY l.id
    FOR NO KEY UPDATE
)
INSERT INTO rule_health AS h (rule, restarted_at, last_seq)
SELECT l.id, l.created_at, max(a.seq)
FROM added a
JOIN locked l ON l.id = a.rule
GROUP BY l.id, l.created_at
ORDER BY l.id
ON CONFLICT (rule) DO UPDATE
SET last_seq = excluded.last_seq;

-- name: due
-- fleet: rules of any scope are watched
-- The outcomes as text, one character each: the recorded ones when counting anew, then the new. Rules
-- are locked before their health is written, as a person locks them who switches one on.
SELECT
    h.rule, h.restarted_at, h.last_seq, h.value, l.enabled,
    CASE WHEN h.replay THEN h.base_numbers ELSE h.numbers END AS numbers,
    CASE WHEN h.replay THEN h.base_attempts ELSE h.attempts END AS attempts,
    CASE WHEN h.replay THEN h.base_successes ELSE h.successes END AS successes,
    o.again, o.fresh
FROM (
    SELECT d.rule
    FROM rule_health d
    WHERE (d.replay OR d.folded_seq < d.last_seq) AND d.rule > :after
    ORDER BY d.rule
    LIMIT :limit
) t
JOIN rule_health h ON h.rule = t.rule
JOIN l1_rules l ON l.id = h.rule
CROSS JOIN LATERAL (
    SELECT
        COALESCE(string_agg(CASE WHEN a.success THEN '1' ELSE '0' END, '' ORDER BY a.seq)
            FILTER (WHERE a.seq <= h.folded_seq), '') AS again,
        COALESCE(string_agg(CASE WHEN a.success THEN '1' ELSE '0' END, '' ORDER BY a.seq)
            FILTER (WHERE a.seq > h.folded_seq), '') AS fresh
    FROM rule_attempts a
    LEFT JOIN (
        SELECT v.site_id, v.until FROM unheard_attempts v WHERE v.rule = h.rule
    ) u ON u.site_id = a.site_id
    WHERE a.rule = h.rule
        AND a.seq > CASE WHEN h.replay THEN h.base_seq ELSE h.folded_seq END
        -- Not by an index on the time: it would give every attempt since the rule began.
        AND (a.began_at >= h.restarted_at) IS TRUE
        AND (NOT a.chaos OR :with_chaos)
        -- Not of tenants that the rule was taken from, nor from before they got it back.
        AND (u.until IS NULL OR a.began_at >= u.until)
) o
ORDER BY h.rule
FOR NO KEY UPDATE OF l;

-- name: advance
-- fleet: rules of any scope are watched
-- Not where a person started the rule anew meanwhile: the next turn counts that.
UPDATE rule_health h
SET numbers = ARRAY[u.one, u.two, u.three, u.four, u.five],
    value = u.value,
    attempts = u.attempts,
    successes = u.successes,
    folded_seq = u.last_seq,
    replay = false
FROM unnest(
    :rules::uuid[], :restarted_at::timestamptz[], :last_seqs::bigint[], :values::float8[],
    :attempts::bigint[], :successes::bigint[],
    :one::float8[], :two::float8[], :three::float8[], :four::float8[], :five::float8[]
) AS u (
    rule, restarted_at, last_seq, value, attempts, successes, one, two, three, four, five
)
WHERE h.rule = u.rule AND h.restarted_at = u.restarted_at;

-- name: restart
-- fleet: the caller's row-level security decides which rules there are
INSERT INTO rule_health AS h (rule, restarted_at)
VALUES (:rule, :now)
ON CONFLICT (rule) DO UPDATE
SET restarted_at = excluded.restarted_at,
    numbers = excluded.numbers,
    value = 0,
    attempts = 0,
    successes = 0,
    base_numbers = excluded.base_numbers,
    base_attempts = 0,
    base_successes = 0,
    replay = true;

-- name: judge_again
-- fleet: rules of any scope are watched
-- As if none of its attempts had been seen yet.
UPDATE rule_health
SET replay = true, folded_seq = base_seq
WHERE rule = :rule;

-- name: count_all_again
-- fleet: a policy holds for every rule
UPDATE rule_health
SET replay = true
WHERE NOT replay;

-- name: of_rules
-- fleet: the caller's row-level security decides which rules there are
SELECT h.rule, h.restarted_at, h.value, h.attempts, h.successes
FROM rule_health h
WHERE h.rule = ANY(:rules::uuid[]);

-- name: figures
-- fleet: the caller's row-level security decides which attempts there are
-- The fifty with most failures of each kind; the weeks come in their order.
WITH counted AS (
    SELECT
        CASE grouping(a.site_id, a.hostname, a.error_category, w.week)
            WHEN 7 THEN 'site' WHEN 3 THEN 'host' WHEN 13 THEN 'error_category'
            WHEN 14 THEN 'week' ELSE 'total'
        END AS kind,
        a.site_id, a.hostname, a.error_category, w.week,
        count(*) FILTER (WHERE a.success) AS successes,
        count(*) AS attempts
    FROM rule_attempts a
    CROSS JOIN LATERAL (SELECT date_trunc('week', a.began_at, 'UTC') AS week) w
    WHERE a.rule = :rule
        AND a.began_at >= :since
        AND a.began_at < :until
        AND NOT a.chaos
    GROUP BY GROUPING SETS (
        (a.site_id), (a.site_id, a.hostname), (a.error_category), (w.week), ()
    )
),
ranked AS (
    SELECT
        c.kind, c.site_id, c.hostname, c.error_category, c.week, c.successes, c.attempts,
        row_number() OVER (
            PARTITION BY c.kind
            ORDER BY c.attempts - c.successes DESC, c.attempts DESC, c.site_id, c.hostname
        ) AS place
    FROM counted c
)
SELECT
    r.kind, r.site_id, s.slug, r.hostname, r.error_category, r.week, r.successes, r.attempts
FROM ranked r
LEFT JOIN sites s ON s.id = r.site_id
WHERE r.kind = 'week' OR r.place <= 50
ORDER BY r.kind, r.week, r.place;

-- name: past_retention
-- fleet: partitions hold attempts of every site
-- For each rule, the attempts before the first whose execution stays.
SELECT
    h.rule, b.ends AS last_seq, h.base_numbers AS numbers, h.base_attempts AS attempts,
    h.base_successes AS successes, o.outcomes
FROM (
    SELECT DISTINCT a.rule
    FROM rule_attempts a
    WHERE a.received_at < :before
) t
JOIN rule_health h ON h.rule = t.rule
CROSS JOIN LATERAL (
    SELECT LEAST(
        COALESCE(min(a.seq) FILTER (WHERE a.received_at >= :before) - 1, h.last_seq), h.folded_seq
    ) AS ends
    FROM rule_attempts a
    WHERE a.rule = h.rule
) b
CROSS JOIN LATERAL (
    SELECT COALESCE(
        string_agg(CASE WHEN a.success THEN '1' ELSE '0' END, '' ORDER BY a.seq), ''
    ) AS outcomes
    FROM rule_attempts a
    LEFT JOIN (
        SELECT v.site_id, v.until FROM unheard_attempts v WHERE v.rule = h.rule
    ) u ON u.site_id = a.site_id
    WHERE a.rule = h.rule
        AND a.seq > h.base_seq
        AND a.seq <= b.ends
        -- Not by an index on the time: it would give every attempt since the rule began.
        AND (a.began_at >= h.restarted_at) IS TRUE
        AND (NOT a.chaos OR :with_chaos)
        -- Not of tenants that the rule was taken from, nor from before they got it back.
        AND (u.until IS NULL OR a.began_at >= u.until)
) o
WHERE b.ends > h.base_seq
ORDER BY h.rule;

-- name: compact
-- fleet: partitions hold attempts of every site
WITH gone AS (
    DELETE FROM rule_attempts
    WHERE rule = :rule AND seq <= :last_seq
)
UPDATE rule_health
SET base_seq = :last_seq,
    base_numbers = :numbers,
    base_attempts = :attempts,
    base_successes = :successes
WHERE rule = :rule;

-- name: forget
-- fleet: a rebuild covers every site
-- Attempts within retention whose execution is not there; the others are folded onto themselves.
DELETE FROM rule_attempts a
WHERE a.received_at >= (SELECT COALESCE(min(e.received_at), 'infinity') FROM executions e)
    AND NOT EXISTS (
        SELECT 1
        FROM executions e
        WHERE e.site_id = a.site_id AND e.execution_id = a.execution_id
            AND e.received_at = a.received_at AND e.weight = 1
    );

-- name: recount_attempts
-- fleet: a recount covers every site
-- Where the same reported id meant several rules in turn, the attempt is not missed in any.
WITH versions AS (
    SELECT DISTINCT ON (e.site_id, e.execution_id)
        e.site_id, e.execution_id, e.incident_type, e.reported_id, e.hostname,
        e.level = 'L1' AND e.outcome <> 'not_attempted' AS attempted,
        e.outcome = 'success' AS success,
        e.chaos_campaign_id IS NOT NULL AS chaos,
        e.error_category,
        LEAST(e.occurred_at, e.evidence_at) AS began_at,
        e.evidence_at,
        e.received_at
    FROM executions e
    WHERE e.weight = 1
        AND pg_visible_in_snapshot(
            e.xid, (SELECT m.mark FROM fold_marks m WHERE m.fold = 'rules')
        )
    ORDER BY e.site_id, e.execution_id, e.revision DESC
),
meant AS (
    SELECT c.site_id, c.incident_type, c.reported_id, min(l.created_at) AS created_at
    FROM rule_counts c
    JOIN l1_rules l ON l.id = resolve_rule(c.site_id, c.incident_type, c.reported_id)
    WHERE l.source IN ('promoted', 'platform')
    GROUP BY c.site_id, c.incident_type, c.reported_id
    HAVING bool_and(c.rule IS NOT DISTINCT FROM l.id)
)
SELECT
    count(*) AS compared,
    count(*) FILTER (
        WHERE CASE
            WHEN a.rule IS NULL THEN
                v.attempted AND m.created_at IS NOT NULL AND v.received_at >= m.created_at
            WHEN v.site_id IS NULL THEN
                a.received_at >= (
                    SELECT COALESCE(min(x.received_at), 'infinity') FROM executions x
                )
            ELSE
                NOT v.attempted
                OR (
                    a.incident_type, a.reported_id, a.hostname, a.success, a.chaos,
                    a.error_category, a.began_at, a.received_at
                ) IS DISTINCT FROM (
                    v.incident_type, v.reported_id, v.hostname, v.success, v.chaos,
                    v.error_category,
                    -- What names a rule's own id is not older than the rule.
                    CASE
                        WHEN v.reported_id = l.rule_id AND v.began_at < l.created_at
                            THEN v.evidence_at
                        ELSE v.began_at
                    END,
                    v.received_at
                )
        END
    ) AS differing
FROM versions v
FULL JOIN rule_attempts a ON a.site_id = v.site_id AND a.execution_id = v.execution_id
LEFT JOIN l1_rules l ON l.id = a.rule
LEFT JOIN meant m
    ON m.site_id = v.site_id AND m.incident_type = v.incident_type
    AND m.reported_id = v.reported_id
WHERE a.rule IS NOT NULL OR v.attempted;

-- name: recorded
-- fleet: a recount covers every rule
SELECT
    h.rule, h.numbers, h.value, h.attempts, h.successes, h.base_numbers, h.base_attempts,
    h.base_successes, o.outcomes
FROM rule_health h
CROSS JOIN LATERAL (
    SELECT
        COALESCE(string_agg(CASE WHEN a.success THEN '1' ELSE '0' END, '' ORDER BY a.seq)
            FILTER (WHERE a.began_at >= h.restarted_at AND (NOT a.chaos OR :with_chaos)),
            '') AS outcomes
    FROM rule_attempts a
    LEFT JOIN (
        SELECT v.site_id, v.until FROM unheard_attempts v WHERE v.rule = h.rule
    ) u ON u.site_id = a.site_id
    WHERE a.rule = h.rule
        AND a.seq > h.base_seq
        AND a.seq <= h.folded_seq
        -- Not of tenants that the rule was taken from, nor from before they got it back.
        AND (u.until IS NULL OR a.began_at >= u.until)
) o
-- What waits for the next turn is not counted yet.
WHERE NOT h.replay
ORDER BY h.rule;
