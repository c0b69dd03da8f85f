-- name: current
-- fleet: one policy for the platform
SELECT p.version, p.values, p.reason, p.changed_by, p.changed_at
FROM policies p
ORDER BY p.version DESC
LIMIT 1;

-- name: in_force
-- fleet: one policy for the platform
-- What every role may read: the thresholds, not who set them.
SELECT p.values
FROM policies p
ORDER BY p.version DESC
LIMIT 1;

-- name: history
-- fleet: one policy for the platform
SELECT p.version, p.values, p.reason, p.changed_by, p.changed_at
FROM policies p
WHERE :before::bigint IS NULL OR p.version < :before
ORDER BY p.version DESC
LIMIT :limit;

-- name: append
-- fleet: one policy for the platform
INSERT INTO policies (values, reason, changed_by, changed_at)
VALUES (:values, :reason, :changed_by, :now)
RETURNING version, values, reason, changed_by, changed_at;

-- name: lock
-- fleet: one policy for the platform
SELECT pg_advisory_xact_lock({lock.SERVER}, {lock.POLICY});
