-- name: insert
-- fleet: the registry of ids is one for the platform
INSERT INTO aliases (alias, runbook_id, rule_id, source, created_at)
VALUES (:alias, :runbook_id, :rule_id, 'operator', :now)
RETURNING alias, runbook_id, rule_id, source, created_at;

-- name: rule_exists
-- fleet: an alias may stand for a rule of any tenant
SELECT EXISTS (
    SELECT 1
    FROM l1_rules r
    WHERE r.rule_id = :rule_id
);

-- name: list
-- fleet: the registry of ids is one for the platform
SELECT a.alias, a.runbook_id, a.rule_id, a.source, a.created_at
FROM aliases a
WHERE (:after::text IS NULL OR a.alias > :after)
    AND (
        :text::text IS NULL
        OR strpos(lower(a.alias), lower(:text)) > 0
        OR strpos(lower(a.runbook_id), lower(:text)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = a.runbook_id
                AND strpos(lower(kb.name), lower(:text)) > 0
        )
        OR strpos(lower(a.rule_id), lower(:text)) > 0
        OR EXISTS (
            SELECT 1
            FROM l1_rules ru
            WHERE ru.rule_id = a.rule_id
                AND strpos(lower(COALESCE(ru.label, ru.name)), lower(:text)) > 0
        )
    )
    AND (:source::text IS NULL OR a.source = :source)
ORDER BY a.alias
LIMIT :limit;
