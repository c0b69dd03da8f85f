-- name: insert
-- fleet: of one person, whom the caller has looked up within their tenant
INSERT INTO one_time_links (user_id, kind, digest, created_at, expires_at)
VALUES (:user_id, :kind, :digest, :now, :expires_at);

-- name: forget_of_user
-- fleet: of one person, whom the caller has looked up within their tenant
DELETE FROM one_time_links l
WHERE l.user_id = :user_id
    AND (:kind::text IS NULL OR l.kind = :kind);

-- name: find
-- fleet: whoever holds the link may use it
SELECT l.user_id, u.email
FROM one_time_links l
JOIN users u ON u.id = l.user_id
LEFT JOIN operators o ON o.id = u.operator_id
WHERE l.digest = :digest
    AND l.kind = :kind
    AND l.expires_at > :now
    AND u.disabled_at IS NULL
    AND o.disabled_at IS NULL;

-- name: use
-- fleet: whoever holds the link may use it
DELETE FROM one_time_links l
WHERE l.digest = :digest
    AND l.kind = :kind
    AND l.expires_at > :now
RETURNING l.user_id;

-- name: forget_old
-- fleet: housekeeping
DELETE FROM one_time_links l
WHERE l.expires_at <= :now;

-- name: live_of_user
-- fleet: of one person, whom the caller has looked up within their tenant
SELECT count(*)
FROM one_time_links l
WHERE l.user_id = :user_id
    AND l.kind = :kind
    AND l.expires_at > :now;
