-- name: insert
-- fleet: the catalogue of runbooks is one for the platform
INSERT INTO runbooks (runbook_id, name, platform, executable, source)
VALUES (:runbook_id, :name, :platform, :executable, 'operator')
ON CONFLICT (runbook_id) DO NOTHING
RETURNING id;

-- name: insert_aliases
-- fleet: the registry of ids is one for the platform
INSERT INTO aliases (alias, runbook_id, source)
SELECT g.alias, g.runbook_id, :source
FROM unnest(:alias::text[], :aliases::text[]) AS g (alias, runbook_id)
ON CONFLICT (alias) DO NOTHING
RETURNING alias;

-- name: get
-- fleet: the catalogue of runbooks is one for the platform
SELECT b.id, b.runbook_id, b.name, b.platform, b.executable, b.source, b.created_at
FROM runbooks b
WHERE b.runbook_id = :runbook_id;

-- name: page
-- fleet: the catalogue of runbooks is one for the platform
SELECT b.id, b.runbook_id, b.name, b.platform, b.executable, b.source, b.created_at
FROM runbooks b
WHERE (:after::text IS NULL OR b.runbook_id > :after)
    AND (
        :text::text IS NULL
        OR strpos(lower(b.runbook_id), lower(:text)) > 0
        OR strpos(lower(b.name), lower(:text)) > 0
        OR EXISTS (
            SELECT 1
            FROM aliases a
            WHERE a.runbook_id = b.runbook_id
                AND strpos(lower(a.alias), lower(:text)) > 0
        )
    )
    AND (:platform::text IS NULL OR b.platform = :platform)
    AND (:executable::boolean IS NULL OR b.executable = :executable)
ORDER BY b.runbook_id
LIMIT :limit;

-- name: forms
-- fleet: the registry of ids is one for the platform
-- The ids under which agents write each runbook, its own first; at most :most_forms of each.
SELECT f.runbook_id, f.alias
FROM (
    SELECT
        a.runbook_id,
        a.alias,
        row_number() OVER (
            PARTITION BY a.runbook_id
            ORDER BY a.alias <> a.runbook_id, a.alias
        ) AS place
    FROM aliases a
    WHERE a.runbook_id = ANY (:runbook_ids::text[])
) AS f
WHERE f.place <= :most_forms
ORDER BY f.runbook_id, f.place;

-- name: uses
-- fleet: operators see where a runbook is used, as counts
SELECT
    b.runbook_id,
    (
        SELECT count(*)
        FROM l1_rules l
        WHERE l.runbook_id = b.runbook_id
            AND l.enabled
    ) AS rules,
    COALESCE(p.sites, 0) AS sites,
    COALESCE(p.executions, 0) AS executions
FROM runbooks b
LEFT JOIN (
    SELECT
        p.runbook_id,
        count(DISTINCT p.site_id) AS sites,
        sum(p.successes + p.failures)::bigint AS executions
    FROM patterns p
    WHERE p.runbook_id = ANY (:runbook_ids::text[])
    GROUP BY p.runbook_id
) AS p ON p.runbook_id = b.runbook_id
WHERE b.runbook_id = ANY (:runbook_ids::text[]);

-- name: ids
-- fleet: the registry of ids is one for the platform
-- Everything that an id may stand for; at most :most_ids of each kind.
(SELECT b.runbook_id AS id, false AS rule FROM runbooks b ORDER BY b.runbook_id LIMIT :most_ids)
UNION ALL
(SELECT DISTINCT l.rule_id, true FROM l1_rules l ORDER BY l.rule_id LIMIT :most_ids);

-- name: names
-- fleet: the registry of ids is one for the platform
-- What these ids of runbooks and rules are called.
SELECT b.runbook_id AS id, b.name
FROM runbooks b
WHERE b.runbook_id = ANY (:ids)
UNION ALL
(
    SELECT DISTINCT ON (l.rule_id) l.rule_id, COALESCE(l.label, l.name)
    FROM l1_rules l
    WHERE l.rule_id = ANY (:ids)
    ORDER BY l.rule_id, l.enabled DESC, l.id
);

-- name: load_catalogue
-- fleet: the catalogue of runbooks is one for the platform
INSERT INTO runbooks AS b (runbook_id, name, platform, executable, source)
SELECT g.runbook_id, g.name, g.platform, g.executable, 'catalogue'
FROM unnest(:runbook_ids::text[], :names::text[], :platforms::text[], :executable::boolean[])
    AS g (runbook_id, name, platform, executable)
ON CONFLICT (runbook_id) DO UPDATE
SET
    name = EXCLUDED.name,
    platform = EXCLUDED.platform,
    executable = EXCLUDED.executable,
    source = EXCLUDED.source
WHERE (b.name, b.platform, b.executable, b.source)
    IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.platform, EXCLUDED.executable, EXCLUDED.source)
RETURNING b.id;
