-- name: newest
-- fleet: the server's key signs for every tenant
SELECT k.private_key
FROM signing_keys k
ORDER BY k.id DESC
LIMIT 1;

-- name: lock
-- fleet: the server's key signs for every tenant
SELECT pg_advisory_xact_lock({lock.SERVER}, {lock.SIGNING_KEY});

-- name: insert
-- fleet: the server's key signs for every tenant
INSERT INTO signing_keys (private_key)
VALUES (:private_key);

-- name: replace
-- fleet: the server's key signs for every tenant
UPDATE signing_keys k
SET private_key = :kept
WHERE k.private_key = :private_key;
