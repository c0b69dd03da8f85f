-- name: insert
INSERT INTO users (email, operator_id, partner_id, organization_id, role, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id;

-- name: get
-- fleet: operators see everybody
-- An operator's role and whether they are disabled stand in their own row.
SELECT
    u.id,
    u.email,
    u.operator_id,
    u.partner_id,
    u.organization_id,
    COALESCE(u.role, o.role) AS role,
    u.created_at,
    COALESCE(u.disabled_at, o.disabled_at) AS disabled_at
FROM users u
LEFT JOIN operators o ON o.id = u.operator_id
WHERE u.id = $1;

-- name: get_of_tenant
-- Tenants see no operators.
SELECT
    u.id,
    u.email,
    u.operator_id,
    u.partner_id,
    u.organization_id,
    u.role,
    u.created_at,
    u.disabled_at
FROM users u
WHERE u.id = $1
    AND (u.partner_id = $2 OR u.organization_id = $3);

-- name: list
SELECT
    u.id,
    u.email,
    u.operator_id,
    u.partner_id,
    u.organization_id,
    COALESCE(u.role, o.role) AS role,
    u.created_at,
    COALESCE(u.disabled_at, o.disabled_at) AS disabled_at
FROM users u
LEFT JOIN operators o ON o.id = u.operator_id
LEFT JOIN partners p ON p.id = u.partner_id
LEFT JOIN organizations g ON g.id = u.organization_id
WHERE ($1::uuid IS NULL OR u.id > $1)
    AND ($2::uuid IS NULL OR u.partner_id = $2)
    AND ($3::uuid IS NULL OR u.organization_id = $3)
    AND (
        $5::text IS NULL
        OR strpos(lower(u.email), lower($5)) > 0
        OR strpos(lower(COALESCE(p.name, g.name, 'the platform')), lower($5)) > 0
        OR strpos(
            CASE
                WHEN u.operator_id IS NOT NULL THEN 'operator '
                WHEN u.partner_id IS NOT NULL THEN 'partner '
                ELSE 'client '
            END || COALESCE(u.role, o.role),
            lower($5)
        ) > 0
        OR CASE
            WHEN u.disabled_at IS NOT NULL OR o.disabled_at IS NOT NULL THEN 'disabled'
            WHEN EXISTS (
                SELECT 1 FROM one_time_links l WHERE l.user_id = u.id AND l.kind = 'invitation'
            ) THEN 'invited'
            ELSE 'enabled'
        END = ANY ($9::text[])
    )
    AND (
        $6::text IS NULL
        OR $6 = 'operator' AND u.operator_id IS NOT NULL
        OR $6 = 'partner' AND u.partner_id IS NOT NULL
        OR $6 = 'client' AND u.organization_id IS NOT NULL
    )
    AND ($7::text IS NULL OR COALESCE(u.role, o.role) = $7)
    AND (
        $8::boolean IS NULL
        OR $8 = (u.disabled_at IS NOT NULL OR o.disabled_at IS NOT NULL)
    )
ORDER BY u.id
LIMIT $4;

-- name: list_of_tenant
SELECT
    u.id,
    u.email,
    u.operator_id,
    u.partner_id,
    u.organization_id,
    u.role,
    u.created_at,
    u.disabled_at
FROM users u
WHERE ($1::uuid IS NULL OR u.id > $1)
    AND (u.partner_id = $2 OR u.organization_id = $3)
    AND (
        $5::text IS NULL
        OR strpos(lower(u.email), lower($5)) > 0
        OR strpos(u.role, lower($5)) > 0
        OR CASE
            WHEN u.disabled_at IS NOT NULL THEN 'disabled'
            WHEN EXISTS (
                SELECT 1 FROM one_time_links l WHERE l.user_id = u.id AND l.kind = 'invitation'
            ) THEN 'invited'
            ELSE 'enabled'
        END = ANY ($6::text[])
    )
ORDER BY u.id
LIMIT $4;

-- name: invited
-- fleet: the caller's row-level security decides whose invitations there are
SELECT DISTINCT l.user_id
FROM one_time_links l
WHERE l.user_id = ANY ($1::uuid[])
    AND l.kind = 'invitation';

-- name: set_disabled
UPDATE users
SET disabled_at = $2
WHERE id = $1
    AND ($3::uuid IS NULL OR partner_id = $3)
    AND ($4::uuid IS NULL OR organization_id = $4)
    AND (disabled_at IS NULL) = ($2::timestamptz IS NOT NULL)
RETURNING id;

-- name: set_role
-- fleet: operators change anybody's
UPDATE users
SET role = $2
WHERE id = $1;

-- name: find_for_sign_in
-- fleet: signing in asks for no tenant
SELECT u.id, u.email, u.password_hash
FROM users u
LEFT JOIN operators o ON o.id = u.operator_id
WHERE lower(u.email) IN (lower($1), lower($2))
    AND u.disabled_at IS NULL
    AND o.disabled_at IS NULL
ORDER BY lower(u.email) = lower($1) DESC
LIMIT 1;

-- name: authenticated
-- fleet: signing in asks for no tenant
SELECT
    u.id,
    u.email,
    u.operator_id,
    u.partner_id,
    u.organization_id,
    COALESCE(u.role, o.role) AS role,
    u.created_at,
    COALESCE(u.disabled_at, o.disabled_at) AS disabled_at
FROM users u
LEFT JOIN operators o ON o.id = u.operator_id
WHERE u.id = $1
    AND u.disabled_at IS NULL
    AND o.disabled_at IS NULL;

-- name: password_hash
-- fleet: one's own
SELECT u.password_hash
FROM users u
WHERE u.id = $1;

-- name: set_password_hash
-- fleet: one's own, or that of whoever holds the invitation
UPDATE users
SET password_hash = $2
WHERE id = $1;

-- name: user_of_operator
-- fleet: operators belong to the platform
SELECT u.id
FROM users u
WHERE u.operator_id = $1;
