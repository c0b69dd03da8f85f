-- name: insert
-- fleet: the catalogue of runbooks is one for the platform
INSERT INTO runbooks (runbook_id, name, platform, executable, source)
VALUES ($1, $2, $3, $4, 'operator')
ON CONFLICT (runbook_id) DO NOTHING
RETURNING id;

-- name: insert_aliases
-- fleet: the registry of ids is one for the platform
INSERT INTO aliases (alias, runbook_id, source)
SELECT g.alias, g.runbook_id, $3
FROM unnest($1::text[], $2::text[]) AS g (alias, runbook_id)
ON CONFLICT (alias) DO NOTHING
RETURNING alias;

-- name: get
-- fleet: the catalogue of runbooks is one for the platform
SELECT b.id, b.runbook_id, b.name, b.platform, b.executable, b.source, b.created_at
FROM runbooks b
WHERE b.runbook_id = $1;

-- name: page
-- fleet: the catalogue of runbooks is one for the platform
SELECT b.id, b.runbook_id, b.name, b.platform, b.executable, b.source, b.created_at
FROM runbooks b
WHERE $1::text IS NULL OR b.runbook_id > $1
ORDER BY b.runbook_id
LIMIT $2;

-- name: load_catalogue
-- fleet: the catalogue of runbooks is one for the platform
INSERT INTO runbooks AS b (runbook_id, name, platform, executable, source)
SELECT g.runbook_id, g.name, g.platform, g.executable, 'catalogue'
FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[])
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
