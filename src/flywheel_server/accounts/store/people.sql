-- name: insert
INSERT INTO users (email, operator_id, partner_id, organization_id, role, created_at)
VALUES (:email, :operator_id, :partner_id, :organization_id, :role, :now)
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
WHERE u.id = :user_id;

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
WHERE u.id = :user_id
    AND (u.partner_id = :partner_id OR u.organization_id = :organization_id);

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
WHERE (:after::uuid IS NULL OR u.id > :after)
    AND (:partner_id::uuid IS NULL OR u.partner_id = :partner_id)
    AND (:organization_id::uuid IS NULL OR u.organization_id = :organization_id)
    AND (
        :text::text IS NULL
        OR strpos(lower(u.email), lower(:text)) > 0
        OR strpos(lower(COALESCE(p.name, g.name, 'the platform')), lower(:text)) > 0
        OR strpos(
            CASE
                WHEN u.operator_id IS NOT NULL THEN 'operator '
                WHEN u.partner_id IS NOT NULL THEN 'partner '
                ELSE 'client '
            END || COALESCE(u.role, o.role),
            lower(:text)
        ) > 0
        OR CASE
            WHEN u.disabled_at IS NOT NULL OR o.disabled_at IS NOT NULL THEN 'disabled'
            WHEN EXISTS (
                SELECT 1 FROM one_time_links l WHERE l.user_id = u.id AND l.kind = 'invitation'
            ) THEN 'invited'
            ELSE 'enabled'
        END = ANY (:called::text[])
    )
    AND (
        :home::text IS NULL
        OR :home = 'operator' AND u.operator_id IS NOT NULL
        OR :home = 'partner' AND u.partner_id IS NOT NULL
        OR :home = 'client' AND u.organization_id IS NOT NULL
    )
    AND (:role::text IS NULL OR COALESCE(u.role, o.role) = :role)
    AND (
        :disabled::boolean IS NULL
        OR :disabled = (u.disabled_at IS NOT NULL OR o.disabled_at IS NOT NULL)
    )
ORDER BY u.id
LIMIT :limit;

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
WHERE (:after::uuid IS NULL OR u.id > :after)
    AND (u.partner_id = :partner_id OR u.organization_id = :organization_id)
    AND (
        :text::text IS NULL
        OR strpos(lower(u.email), lower(:text)) > 0
        OR strpos(u.role, lower(:text)) > 0
        OR CASE
            WHEN u.disabled_at IS NOT NULL THEN 'disabled'
            WHEN EXISTS (
                SELECT 1 FROM one_time_links l WHERE l.user_id = u.id AND l.kind = 'invitation'
            ) THEN 'invited'
            ELSE 'enabled'
        END = ANY (:called::text[])
    )
ORDER BY u.id
LIMIT :limit;

-- name: invited
-- fleet: the caller's row-level security decides whose invitations there are
SELECT DISTINCT l.user_id
FROM one_time_links l
WHERE l.user_id = ANY (:ids::uuid[])
    AND l.kind = 'invitation';

-- name: set_disabled
UPDATE users
SET disabled_at = :at
WHERE id = :user_id
    AND (:partner_id::uuid IS NULL OR partner_id = :partner_id)
    AND (:organization_id::uuid IS NULL OR organization_id = :organization_id)
    AND (disabled_at IS NULL) = (:at::timestamptz IS NOT NULL)
RETURNING id;

-- name: set_role
-- fleet: operators change anybody's
UPDATE users
SET role = :role
WHERE id = :user_id;

-- name: find_for_sign_in
-- fleet: signing in asks for no tenant
SELECT u.id, u.email, u.password_hash
FROM users u
LEFT JOIN operators o ON o.id = u.operator_id
WHERE lower(u.email) IN (lower(:email), lower(:canonical))
    AND u.disabled_at IS NULL
    AND o.disabled_at IS NULL
ORDER BY lower(u.email) = lower(:email) DESC
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
WHERE u.id = :user_id
    AND u.disabled_at IS NULL
    AND o.disabled_at IS NULL;

-- name: password_hash
-- fleet: one's own
SELECT u.password_hash
FROM users u
WHERE u.id = :user_id;

-- name: set_password_hash
-- fleet: one's own, or that of whoever holds the invitation
UPDATE users
SET password_hash = :hashed
WHERE id = :user_id;

-- name: user_of_operator
-- fleet: operators belong to the platform
SELECT u.id
FROM users u
WHERE u.operator_id = :operator_id;
