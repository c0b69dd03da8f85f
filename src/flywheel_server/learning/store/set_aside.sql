-- name: put
-- fleet: operators mend the registry for every tenant
INSERT INTO set_aside_ids (
    reported_id, level, executions, comes_back_at, reason, set_aside_by, set_aside_at
)
VALUES (:reported_id, :level, :executions, :comes_back_at, :reason, :by, :now)
ON CONFLICT (reported_id, level) DO UPDATE
SET executions = excluded.executions,
    comes_back_at = excluded.comes_back_at,
    reason = excluded.reason,
    set_aside_by = excluded.set_aside_by,
    set_aside_at = excluded.set_aside_at;

-- name: remove
-- fleet: operators mend the registry for every tenant
DELETE FROM set_aside_ids
WHERE reported_id = :reported_id
    AND level = :level;

-- name: total
-- fleet: one figure for the platform
-- What is kept under ids that are set aside and have not grown since: no alarm.
SELECT COALESCE(sum(k.executions), 0)::bigint
FROM set_aside_ids s
CROSS JOIN LATERAL (
    SELECT
        CASE s.level
            WHEN 'L1' THEN (
                SELECT sum(
                    c.successes + c.failures + c.not_attempted + c.chaos_successes
                    + c.chaos_failures
                )
                FROM rule_counts c
                WHERE c.rule IS NULL
                    AND c.reported_id = s.reported_id
            )
            ELSE (
                SELECT sum(
                    p.successes + p.failures + p.not_attempted + p.claimed_successes
                    + p.claimed_failures + p.chaos_successes + p.chaos_failures
                )
                FROM patterns p
                WHERE p.runbook_id = s.reported_id
                    AND NOT EXISTS (
                        SELECT 1 FROM runbooks r WHERE r.runbook_id = p.runbook_id
                    )
            )
        END AS executions
) k
WHERE k.executions < s.comes_back_at;
