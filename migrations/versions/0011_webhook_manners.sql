-- A receiver that answered 410 Gone is not sent to until a person switches it on again.
ALTER TABLE webhook_endpoints ADD COLUMN gone_at timestamptz;
-- A receiver said by Retry-After when to come again: nothing is sent to it before.
ALTER TABLE webhook_endpoints ADD COLUMN not_before timestamptz;
-- Until when the secret that the newest one replaces signs too.
ALTER TABLE webhook_endpoints ADD COLUMN overlap_until timestamptz;
GRANT SELECT (gone_at, not_before, overlap_until) ON webhook_endpoints
    TO flywheel_partner, flywheel_operator;
GRANT UPDATE (gone_at, not_before, overlap_until, secret) ON webhook_endpoints
    TO flywheel_partner, flywheel_operator;
GRANT UPDATE (enabled, gone_at, not_before) ON webhook_endpoints TO flywheel_loop;

-- Secrets that were replaced and sign beside the newest one until they expire.
CREATE TABLE webhook_old_secrets (
    id uuid DEFAULT uuidv7() CONSTRAINT webhook_old_secrets_pkey PRIMARY KEY,
    endpoint_id uuid NOT NULL
        CONSTRAINT webhook_old_secrets_endpoint_fkey
        REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    -- The endpoint's.
    partner_id uuid CONSTRAINT webhook_old_secrets_partner_fkey REFERENCES partners (id),
    secret bytea NOT NULL
        CONSTRAINT webhook_old_secrets_length CHECK (octet_length(secret) BETWEEN 24 AND 64),
    expires_at timestamptz NOT NULL
);
CREATE INDEX webhook_old_secrets_endpoint_idx ON webhook_old_secrets (endpoint_id, expires_at);
CREATE INDEX webhook_old_secrets_expires_idx ON webhook_old_secrets (expires_at);

-- The roles that rotate a secret may not read one: the old one is kept by the database itself.
CREATE FUNCTION keep_old_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.overlap_until IS NOT NULL THEN
        INSERT INTO webhook_old_secrets (endpoint_id, partner_id, secret, expires_at)
        VALUES (OLD.id, OLD.partner_id, OLD.secret, NEW.overlap_until);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhook_endpoints_keep_old_secret AFTER UPDATE OF secret ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION keep_old_secret();

ALTER TABLE webhook_old_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_old_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_old_secrets_platform ON webhook_old_secrets
    TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);
CREATE POLICY webhook_old_secrets_partner ON webhook_old_secrets TO flywheel_partner
    USING (partner_id = current_setting('flywheel.partner_id')::uuid)
    WITH CHECK (partner_id = current_setting('flywheel.partner_id')::uuid);
GRANT INSERT, DELETE ON webhook_old_secrets TO flywheel_partner, flywheel_operator;
GRANT SELECT (id, endpoint_id, partner_id, expires_at) ON webhook_old_secrets
    TO flywheel_partner, flywheel_operator;
GRANT SELECT, DELETE ON webhook_old_secrets TO flywheel_loop;

ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'delivery.stuck', 'plan.waiting', 'loop.silent',
    'webhook.gone', 'webhook.test'
));
