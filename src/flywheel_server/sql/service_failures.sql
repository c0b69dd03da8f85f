-- name: note
-- fleet: services of the platform
INSERT INTO service_failures (service, since, last_at, failures, reason)
VALUES ($1, $2, $2, 1, $3)
ON CONFLICT (service) DO UPDATE
SET last_at = excluded.last_at,
    failures = service_failures.failures + 1,
    reason = excluded.reason;

-- name: end
-- fleet: services of the platform
DELETE FROM service_failures WHERE service = $1;

-- name: failing
-- fleet: services of the platform
SELECT f.service, f.since, f.last_at, f.failures, f.reason
FROM service_failures f
ORDER BY f.since, f.service;
