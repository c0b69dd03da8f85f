-- Plans rest on what the platform reported, also since its last fold.

-- What no fold has taken lies at the end of its incident type, however long the history before it.
CREATE INDEX executions_unfolded_idx ON executions (incident_type, xid) WHERE level = 'L2';

-- What L2 did for an incident type that the platform's fold has not taken yet, of every tenant, as
-- that fold counts it. The oldest 5,000 facts at most, whole transactions: where more wait, because
-- turns fail or a transaction keeps old ones from being done with, this is what a turn a little
-- earlier would have counted.
CREATE FUNCTION unfolded_counts(of_type text)
RETURNS TABLE (
    runbook_id text, site_id uuid, not_attempted bigint, claimed_successes bigint,
    claimed_failures bigint, since_successes bigint, since_verified_successes bigint,
    since_failures bigint, since_chaos_successes bigint, since_chaos_failures bigint,
    last_evidence_at timestamptz
) LANGUAGE sql STABLE
-- One index alone has this order: nothing is read beyond the bound, whatever a planner guesses.
SET enable_sort = off
BEGIN ATOMIC
    WITH fold AS MATERIALIZED (
        -- Before the first fold nothing is taken.
        SELECT COALESCE(
            (SELECT m.mark FROM fold_marks m WHERE m.fold = 'platform'), '1:1:'::pg_snapshot
        ) AS mark
    )
    SELECT
        COALESCE(a.runbook_id, e.reported_id), e.site_id, sum(e.not_attempted),
        sum(e.claimed_successes), sum(e.claimed_failures),
        COALESCE(sum(e.successes) FILTER (WHERE s.since), 0),
        COALESCE(sum(e.verified_successes) FILTER (WHERE s.since), 0),
        COALESCE(sum(e.failures) FILTER (WHERE s.since), 0),
        COALESCE(sum(e.chaos_successes) FILTER (WHERE s.since), 0),
        COALESCE(sum(e.chaos_failures) FILTER (WHERE s.since), 0),
        max(e.occurred_at) FILTER (WHERE e.known)
    FROM (
        SELECT x.*
        FROM counted_facts x
        -- Equality would have the order by xid alone, which other indexes have, too.
        WHERE (x.incident_type, x.xid) >= (of_type, (SELECT pg_snapshot_xmin(f.mark) FROM fold f))
            AND x.incident_type <= of_type
            AND x.level = 'L2'
        ORDER BY x.incident_type, x.xid
        FETCH FIRST 5000 ROWS WITH TIES
    ) e
    LEFT JOIN aliases a ON a.alias = e.reported_id
    LEFT JOIN platform_patterns p
        ON p.incident_type = of_type AND p.runbook_id = COALESCE(a.runbook_id, e.reported_id)
    CROSS JOIN LATERAL (SELECT e.evidence_at >= COALESCE(p.counted_from, '-infinity') AS since) s
    WHERE NOT pg_visible_in_snapshot(e.xid, (SELECT f.mark FROM fold f))
    GROUP BY COALESCE(a.runbook_id, e.reported_id), e.site_id;
END;

-- As before, and a type that no fold has seen yet is younger than all that it looks like.
CREATE OR REPLACE FUNCTION pair_doubts(of_type text, of_runbook text, since timestamptz)
RETURNS TABLE (look_alike text, built_in text, approved_by text) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        (
            SELECT k.incident_type
            FROM (
                SELECT r.incident_type, 0 AS place, r.id
                FROM l1_rules r
                WHERE r.scope = 'platform'
                    AND lookalike_key(r.incident_type) = lookalike_key(of_type)
                UNION ALL
                SELECT p.incident_type, 1, p.id
                FROM platform_patterns p
                WHERE lookalike_key(p.incident_type) = lookalike_key(of_type)
                    AND p.id < COALESCE(
                        (
                            SELECT q.id
                            FROM platform_patterns q
                            WHERE q.incident_type = of_type
                            ORDER BY q.id
                            LIMIT 1
                        ),
                        'ffffffff-ffff-ffff-ffff-ffffffffffff'
                    )
            ) k
            WHERE k.incident_type <> of_type
                AND NOT EXISTS (
                    SELECT 1
                    FROM l1_rules o
                    WHERE o.scope = 'platform'
                        AND o.incident_type = of_type
                )
            ORDER BY k.place, k.id
            LIMIT 1
        ),
        (
            SELECT r.rule_id
            FROM l1_rules r
            JOIN runbooks b ON b.runbook_id = r.runbook_id
            WHERE r.source IN ('builtin', 'synced')
                AND r.enabled
                AND r.incident_type = of_type
                AND r.runbook_id <> of_runbook
                -- One that only detects heals nothing.
                AND b.executable
                AND NOT EXISTS (
                    SELECT 1
                    FROM l1_rules o
                    WHERE o.source IN ('builtin', 'synced')
                        AND o.enabled
                        AND o.incident_type = of_type
                        AND o.runbook_id = of_runbook
                )
            ORDER BY r.rule_id
            LIMIT 1
        ),
        (
            SELECT a.approved_by
            FROM platform_approvals a
            WHERE a.incident_type = of_type
                AND a.runbook_id = of_runbook
                AND a.approved_at >= since
        );
END;
