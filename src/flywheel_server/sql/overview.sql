-- name: totals
-- fleet: an operator's view of the whole platform, counts only
SELECT
    (SELECT count(*) FROM patterns p) AS patterns,
    (SELECT count(*) FROM patterns p WHERE p.state = 'eligible') AS eligible,
    (
        SELECT count(*)
        FROM l1_rules r
        WHERE r.source = 'platform'
            AND r.enabled
    ) AS platform_rules,
    (
        SELECT COALESCE(sum(
            c.successes + c.failures + c.not_attempted + c.chaos_successes + c.chaos_failures
        ), 0)::bigint
        FROM rule_counts c
    ) AS l1_folded,
    (
        SELECT COALESCE(sum(
            c.successes + c.failures + c.not_attempted + c.chaos_successes + c.chaos_failures
        ), 0)::bigint
        FROM rule_counts c
        WHERE c.rule IS NULL
    ) AS l1_unresolved,
    (
        SELECT COALESCE(sum(
            s.successes + s.failures + s.not_attempted + s.chaos_successes + s.chaos_failures
        ), 0)::bigint
        FROM platform_pattern_sites s
    ) AS l2_folded;

-- name: recent
-- fleet: an operator's view of the whole platform, counts only
SELECT
    COALESCE(sum(e.weight) FILTER (WHERE e.level = 'L1'), 0)::bigint AS l1,
    COALESCE(sum(e.weight) FILTER (WHERE e.level = 'L2'), 0)::bigint AS l2,
    COALESCE(sum(e.weight) FILTER (WHERE e.level = 'L3'), 0)::bigint AS l3
FROM executions e
WHERE e.received_at >= $1;
