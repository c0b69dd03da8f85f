-- name: insert
-- fleet: the registry of ids is one for the platform
INSERT INTO aliases (alias, runbook_id, rule_id, source, created_at)
VALUES ($1, $2, $3, 'operator', $4)
RETURNING alias, runbook_id, rule_id, source, created_at;

-- name: rule_exists
-- fleet: an alias may stand for a rule of any tenant
SELECT EXISTS (
    SELECT 1
    FROM l1_rules r
    WHERE r.rule_id = $1
);

-- name: list
-- fleet: the registry of ids is one for the platform
SELECT a.alias, a.runbook_id, a.rule_id, a.source, a.created_at
FROM aliases a
WHERE ($1::text IS NULL OR a.alias > $1)
    AND (
        $2::text IS NULL
        OR strpos(lower(a.alias), lower($2)) > 0
        OR strpos(lower(a.runbook_id), lower($2)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = a.runbook_id
                AND strpos(lower(kb.name), lower($2)) > 0
        )
        OR strpos(lower(a.rule_id), lower($2)) > 0
        OR EXISTS (
            SELECT 1
            FROM l1_rules ru
            WHERE ru.rule_id = a.rule_id
                AND strpos(lower(COALESCE(ru.label, ru.name)), lower($2)) > 0
        )
    )
    AND ($3::text IS NULL OR a.source = $3)
ORDER BY a.alias
LIMIT $4;
