-- name: mark_all_stale
-- fleet: a policy holds for every tenant
UPDATE patterns
SET stale = true
WHERE NOT stale;

-- name: mark_incident_type_stale
-- fleet: a rule of the platform covers patterns of every tenant
UPDATE patterns
SET stale = true
WHERE incident_type = $1
    AND NOT stale;
