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

-- name: funnel
-- fleet: an operator's view of the whole platform, counts only
-- What learning has come to: patterns, those that wait, and how far the learnt rules in force came.
SELECT
    (SELECT count(*) FROM patterns p) AS patterns,
    (SELECT count(*) FROM patterns p WHERE p.state = 'eligible') AS eligible,
    count(*) AS approved,
    count(*) FILTER (WHERE r.delivered) AS delivered,
    count(*) FILTER (WHERE r.running) AS running,
    count(*) FILTER (WHERE r.succeeding) AS succeeding
FROM (
    SELECT
        EXISTS (
            SELECT 1 FROM rule_deliveries d WHERE d.rule = l.id AND d.delivered_at IS NOT NULL
        ) AS delivered,
        EXISTS (
            SELECT 1 FROM rule_deliveries d WHERE d.rule = l.id AND d.active_at IS NOT NULL
        ) AS running,
        EXISTS (
            SELECT 1 FROM rule_deliveries d WHERE d.rule = l.id AND d.succeeding_at IS NOT NULL
        ) AS succeeding
    FROM l1_rules l
    WHERE l.enabled
        AND l.source IN ('promoted', 'platform')
) r;

-- name: decided
-- fleet: an operator's view of the whole platform, counts only
SELECT
    (
        SELECT count(*)
        FROM promotions p
        WHERE p.decision = 'approved' AND p.decided_at >= :since AND p.decided_at < :until
    ) AS approved,
    (
        SELECT count(*)
        FROM promotions p
        WHERE p.decision = 'rejected' AND p.decided_at >= :since AND p.decided_at < :until
    ) AS rejected,
    (
        SELECT count(*) FROM l1_rules l WHERE l.withdrawn_at >= :since AND l.withdrawn_at < :until
    ) AS withdrawn;

-- name: days
-- fleet: an operator's view of the whole platform, counts only
SELECT
    d.day, d.level, d.successes, d.failures, d.not_attempted, d.claimed_successes,
    d.claimed_failures
FROM level_days d
WHERE d.day >= :first
    AND d.day <= :last
ORDER BY d.day, d.level;

-- name: counted_at
-- fleet: the loop is the platform's
SELECT m.folded_at FROM fold_marks m WHERE m.fold = 'days';

-- name: dead_webhooks
-- fleet: the platform's own endpoints; a partner's are the partner's to mend
SELECT w.id, w.label, w.url, w.gone_at, min(d.created_at) AS since, count(d.id) AS dead
FROM webhook_endpoints w
LEFT JOIN webhook_deliveries d ON d.endpoint_id = w.id AND d.state = 'dead'
WHERE w.partner_id IS NULL
GROUP BY w.id
HAVING count(d.id) > 0 OR w.gone_at IS NOT NULL
ORDER BY w.id
LIMIT :limit;

-- name: recent
-- fleet: an operator's view of the whole platform, counts only
SELECT
    COALESCE(sum(e.weight) FILTER (WHERE e.level = 'L1'), 0)::bigint AS l1,
    COALESCE(sum(e.weight) FILTER (WHERE e.level = 'L2'), 0)::bigint AS l2,
    COALESCE(sum(e.weight) FILTER (WHERE e.level = 'L3'), 0)::bigint AS l3
FROM executions e
WHERE e.received_at >= :since;
