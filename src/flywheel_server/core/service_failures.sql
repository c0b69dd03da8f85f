-- name: note
-- fleet: services of the platform
INSERT INTO service_failures (service, since, last_at, failures, reason)
VALUES (:service, :now, :now, 1, :reason)
ON CONFLICT (service) DO UPDATE
SET last_at = excluded.last_at,
    failures = service_failures.failures + 1,
    reason = excluded.reason;

-- name: end
-- fleet: services of the platform
DELETE FROM service_failures WHERE service = :service;

-- name: failing
-- fleet: services of the platform
SELECT f.service, f.since, f.last_at, f.failures, f.reason
FROM service_failures f
ORDER BY f.since, f.service;
