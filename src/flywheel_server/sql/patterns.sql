-- name: mark_all_stale
-- fleet: a policy holds for every tenant
UPDATE patterns
SET stale = true
WHERE NOT stale;
