-- Everybody who signs in: a person of the platform, of one partner or of one organization.
CREATE TABLE users (
    id uuid DEFAULT uuidv7() CONSTRAINT users_pkey PRIMARY KEY,
    email text NOT NULL
        CONSTRAINT users_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    operator_id uuid CONSTRAINT users_operator_key UNIQUE
        CONSTRAINT users_operator_fkey REFERENCES operators (id),
    partner_id uuid CONSTRAINT users_partner_fkey REFERENCES partners (id),
    organization_id uuid CONSTRAINT users_organization_fkey REFERENCES organizations (id),
    -- Null for operators: their own row says it, as it does whether they are disabled.
    role text,
    -- Argon2id with its salt and parameters; null until an invitation is accepted.
    password_hash text,
    created_at timestamptz DEFAULT now() NOT NULL,
    disabled_at timestamptz,
    CONSTRAINT users_one_home CHECK (num_nonnulls(operator_id, partner_id, organization_id) = 1),
    CONSTRAINT users_role_known CHECK (
        CASE
            WHEN operator_id IS NOT NULL THEN role IS NULL AND disabled_at IS NULL
            WHEN partner_id IS NOT NULL
                THEN COALESCE(role, '') IN ('owner', 'technician', 'viewer')
            ELSE COALESCE(role, '') IN ('admin', 'viewer')
        END
    )
);
-- One account per address, whatever its case and whoever's it is: signing in asks for no tenant.
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE INDEX users_partner_idx ON users (partner_id, id);
CREATE INDEX users_organization_idx ON users (organization_id, id);

-- Live links only: using one deletes it, so that nothing is used twice.
CREATE TABLE one_time_links (
    id uuid DEFAULT uuidv7() CONSTRAINT one_time_links_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT one_time_links_user_fkey REFERENCES users (id),
    -- An invitation sets a password, the other signs in.
    kind text NOT NULL
        CONSTRAINT one_time_links_kind_known CHECK (kind IN ('invitation', 'sign_in')),
    digest bytea NOT NULL CONSTRAINT one_time_links_digest_key UNIQUE
        CONSTRAINT one_time_links_digest_length CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX one_time_links_user_idx ON one_time_links (user_id);

-- Live sessions only: ending one deletes it. Only the SHA-256 of a session's token is kept.
CREATE TABLE sessions (
    id uuid DEFAULT uuidv7() CONSTRAINT sessions_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT sessions_user_fkey REFERENCES users (id),
    digest bytea NOT NULL CONSTRAINT sessions_digest_key UNIQUE
        CONSTRAINT sessions_digest_length CHECK (octet_length(digest) = 32),
    -- What its owner knows it by.
    address text NOT NULL,
    user_agent text NOT NULL
        CONSTRAINT sessions_user_agent_length CHECK (char_length(user_agent) <= 200),
    created_at timestamptz NOT NULL,
    -- Written at most once a minute; an idle session ends a while after it.
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user_idx ON sessions (user_id, id);
CREATE INDEX sessions_expires_idx ON sessions (expires_at);

-- Counted by address, not by account, so that an unknown address is locked as a known one is.
CREATE TABLE sign_in_attempts (
    email_digest bytea CONSTRAINT sign_in_attempts_pkey PRIMARY KEY
        CONSTRAINT sign_in_attempts_digest_length CHECK (octet_length(email_digest) = 32),
    failures integer NOT NULL,
    counted_at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_counted_idx ON sign_in_attempts (counted_at);

INSERT INTO users (email, operator_id, created_at)
SELECT o.email, o.id, o.created_at FROM operators o;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['users', 'one_time_links', 'sessions', 'sign_in_attempts']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
        -- Signing in happens before it is known who it is.
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_auth USING (true) WITH CHECK (true)',
            t || '_auth', t
        );
    END LOOP;
    FOREACH t IN ARRAY ARRAY['one_time_links', 'sessions']
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_client, flywheel_partner '
            'USING (user_id IN (SELECT u.id FROM users u)) '
            'WITH CHECK (user_id IN (SELECT u.id FROM users u))',
            t || '_people', t
        );
    END LOOP;
END
$$;

CREATE POLICY users_partner ON users TO flywheel_partner
    USING (partner_id = current_setting('flywheel.partner_id')::uuid)
    WITH CHECK (partner_id = current_setting('flywheel.partner_id')::uuid);
CREATE POLICY users_client ON users TO flywheel_client
    USING (organization_id = current_setting('flywheel.organization_id')::uuid)
    WITH CHECK (organization_id = current_setting('flywheel.organization_id')::uuid);
CREATE POLICY api_keys_partner ON api_keys TO flywheel_partner
    USING (partner_id = current_setting('flywheel.partner_id')::uuid)
    WITH CHECK (partner_id = current_setting('flywheel.partner_id')::uuid);
-- Who signs in or out, or changes a password, writes an entry too.
CREATE POLICY audit_entries_auth ON audit_entries FOR INSERT TO flywheel_auth WITH CHECK (true);

GRANT SELECT ON users TO flywheel_auth;
GRANT UPDATE (password_hash) ON users TO flywheel_auth;
GRANT SELECT, INSERT, DELETE ON one_time_links, sessions, sign_in_attempts TO flywheel_auth;
GRANT UPDATE (seen_at) ON sessions TO flywheel_auth;
GRANT UPDATE ON sign_in_attempts TO flywheel_auth;
GRANT INSERT ON audit_entries TO flywheel_auth;

-- Nobody but authentication reads a password's hash.
GRANT SELECT (
    id, email, operator_id, partner_id, organization_id, role, created_at, disabled_at
) ON users TO flywheel_operator, flywheel_partner, flywheel_client;
GRANT INSERT ON users TO flywheel_operator, flywheel_partner, flywheel_client;
GRANT UPDATE (disabled_at) ON users TO flywheel_operator, flywheel_partner, flywheel_client;
GRANT UPDATE (role) ON users TO flywheel_operator;
GRANT SELECT (id, user_id, kind), INSERT, DELETE ON one_time_links
    TO flywheel_operator, flywheel_partner, flywheel_client;
GRANT SELECT (id, user_id, digest), DELETE ON sessions
    TO flywheel_operator, flywheel_partner, flywheel_client;

-- The digest too, as for operators: whoever revokes a key tells every server which to forget.
GRANT SELECT (
    id, site_id, appliance_id, partner_id, operator_id, label, digest, created_at, revoked_at
) ON api_keys TO flywheel_partner;
GRANT INSERT ON api_keys TO flywheel_partner;
GRANT UPDATE (label, revoked_at) ON api_keys TO flywheel_partner;

GRANT SELECT (expires_at, seen_at), DELETE ON sessions TO flywheel_loop;
GRANT SELECT (expires_at), DELETE ON one_time_links TO flywheel_loop;
GRANT SELECT (counted_at), DELETE ON sign_in_attempts TO flywheel_loop;
