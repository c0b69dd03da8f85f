-- name: mark_all_due
-- fleet: a policy holds for every tenant
-- Rows are taken in one order everywhere: no two transactions wait for each other in a ring. What is
-- marked already is marked again: the step that looked at it may be about to clear the mark.
UPDATE patterns p
SET due_at = '-infinity'
FROM (
    SELECT t.id
    FROM patterns t
    ORDER BY t.site_id, t.incident_type, t.runbook_id, t.hostname
    FOR NO KEY UPDATE
) t
WHERE p.id = t.id;

-- name: mark_type_due
-- fleet: a rule of any scope may cover patterns of many sites
UPDATE patterns p
SET due_at = '-infinity'
FROM (
    SELECT t.id
    FROM patterns t
    WHERE t.incident_type = :incident_type
        -- The others do not become candidates by it. One that is due may be looked at this moment.
        AND (t.state = 'eligible' OR t.blocked OR t.due_at IS NOT NULL)
    ORDER BY t.site_id, t.incident_type, t.runbook_id, t.hostname
    FOR NO KEY UPDATE
) t
WHERE p.id = t.id;

-- name: mark_site_due
UPDATE patterns p
SET due_at = '-infinity'
FROM (
    SELECT t.id
    FROM patterns t
    WHERE t.site_id = :site_id
        AND (t.state = 'eligible' OR t.blocked OR t.due_at IS NOT NULL)
    ORDER BY t.site_id, t.incident_type, t.runbook_id, t.hostname
    FOR NO KEY UPDATE
) t
WHERE p.id = t.id;

-- name: kept
-- fleet: operators mend the registry for every tenant
-- What is kept under one id and teaches nothing.
SELECT
    COALESCE((
        SELECT sum(
            c.successes + c.failures + c.not_attempted + c.chaos_successes + c.chaos_failures
        )
        FROM rule_counts c
        WHERE c.rule IS NULL
            AND c.reported_id = :reported_id
    ), 0)::bigint + COALESCE((
        SELECT sum(
            p.successes + p.failures + p.not_attempted + p.claimed_successes
            + p.claimed_failures + p.chaos_successes + p.chaos_failures
        )
        FROM patterns p
        WHERE p.runbook_id = :reported_id
            AND NOT EXISTS (SELECT 1 FROM runbooks r WHERE r.runbook_id = p.runbook_id)
    ), 0)::bigint AS executions;
