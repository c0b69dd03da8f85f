-- name: insert
-- fleet: a session belongs to one person, wherever they are at home
INSERT INTO sessions (user_id, digest, address, user_agent, created_at, seen_at, expires_at)
VALUES (:user_id, :digest, :address, :user_agent, :now, :now, :expires_at)
RETURNING id;

-- name: find
-- fleet: authentication does not know yet whose session it is
SELECT
    s.id AS session_id,
    s.created_at AS session_created_at,
    s.seen_at,
    s.expires_at,
    u.id,
    u.email,
    u.operator_id,
    u.partner_id,
    u.organization_id,
    COALESCE(u.role, o.role) AS role,
    u.created_at,
    u.disabled_at
FROM sessions s
JOIN users u ON u.id = s.user_id
LEFT JOIN operators o ON o.id = u.operator_id
WHERE s.digest = :digest
    AND s.expires_at > :now
    AND s.seen_at > :idle_since
    AND u.disabled_at IS NULL
    AND o.disabled_at IS NULL;

-- name: touch
-- fleet: one's own
UPDATE sessions
SET seen_at = greatest(seen_at, :now)
WHERE id = :session_id;

-- name: of_user
-- fleet: one's own
SELECT s.id, s.address, s.user_agent, s.created_at, s.seen_at, s.expires_at
FROM sessions s
WHERE s.user_id = :user_id
    AND s.expires_at > :now
    AND s.seen_at > :idle_since
    AND (:after::uuid IS NULL OR s.id < :after)
    AND (
        :text::text IS NULL
        OR strpos(lower(s.user_agent), lower(:text)) > 0
        OR strpos(s.address, lower(:text)) > 0
    )
ORDER BY s.id DESC
LIMIT :limit;

-- name: end
-- fleet: one's own
DELETE FROM sessions s
WHERE s.user_id = :user_id
    AND s.id = :session_id
RETURNING s.digest;

-- name: end_all
-- fleet: of one person, whom the caller has looked up within their tenant
DELETE FROM sessions s
WHERE s.user_id = :user_id
    AND (:but::bytea IS NULL OR s.digest <> :but)
RETURNING s.digest;

-- name: forget
-- fleet: housekeeping
DELETE FROM sessions s
WHERE s.expires_at <= :now
    OR s.seen_at <= :idle_since;

-- name: count_attempt
-- fleet: counted before it is known whether the address has an account
INSERT INTO sign_in_attempts AS a (email_digest, failures, counted_at)
VALUES (:email_digest, 1, :now)
ON CONFLICT (email_digest) DO UPDATE
SET
    failures = CASE
        WHEN a.counted_at <= :now - :lock_lasts::interval THEN 1
        ELSE LEAST(a.failures, :most_failures::integer) + 1
    END,
    -- What is refused does not lengthen the lock.
    counted_at = CASE
        WHEN a.counted_at > :now - :lock_lasts::interval
            AND a.failures >= :most_failures THEN a.counted_at
        ELSE :now
    END
RETURNING a.failures, a.counted_at;

-- name: forget_attempts
-- fleet: counted before it is known whether the address has an account
DELETE FROM sign_in_attempts a
WHERE a.email_digest = :email_digest;

-- name: forget_old_attempts
-- fleet: housekeeping
DELETE FROM sign_in_attempts a
WHERE a.counted_at <= :before;
