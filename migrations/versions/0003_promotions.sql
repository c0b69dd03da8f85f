-- Decisions on candidates, what clients forwarded, and what people's roles need to decide.

-- One decision each, never changed. The platform's own are for a pair, people's for a pattern.
CREATE TABLE promotions (
    id uuid DEFAULT uuidv7() CONSTRAINT promotions_pkey PRIMARY KEY,
    tier text NOT NULL CONSTRAINT promotions_tier_known
        CHECK (tier IN ('platform', 'client', 'partner', 'operator')),
    decision text NOT NULL CONSTRAINT promotions_decision_known
        CHECK (decision IN ('approved', 'rejected')),
    site_id uuid CONSTRAINT promotions_site_fkey REFERENCES sites (id),
    pattern_id text CONSTRAINT promotions_pattern_fkey REFERENCES patterns (id),
    incident_type text NOT NULL,
    runbook_id text NOT NULL
        CONSTRAINT promotions_runbook_fkey REFERENCES runbooks (runbook_id),
    -- The rule that it made or joined; several hosts of one site share one.
    rule uuid CONSTRAINT promotions_rule_fkey REFERENCES l1_rules (id),
    actor_kind text NOT NULL,
    actor_id uuid,
    actor_name text NOT NULL,
    decided_at timestamptz NOT NULL,
    -- As typed; an appliance gets it only where every agent reads it alike.
    custom_name text CONSTRAINT promotions_custom_name_length
        CHECK (char_length(custom_name) BETWEEN 1 AND 200),
    -- Why, in the decider's words; a rejection always says.
    notes text CONSTRAINT promotions_notes_length CHECK (char_length(notes) BETWEEN 1 AND 2000),
    deploy_immediately boolean NOT NULL,
    -- What was known at that moment.
    evidence jsonb NOT NULL,
    gates jsonb NOT NULL,
    CONSTRAINT promotions_rule_when_approved CHECK ((decision = 'approved') = (rule IS NOT NULL)),
    CONSTRAINT promotions_reason_when_rejected CHECK (decision = 'approved' OR notes IS NOT NULL),
    CONSTRAINT promotions_of_a_pattern CHECK (
        (tier = 'platform') = (pattern_id IS NULL) AND (pattern_id IS NULL) = (site_id IS NULL)
    )
);
-- A candidate is decided once.
CREATE UNIQUE INDEX promotions_one_decision_key ON promotions (pattern_id)
    WHERE pattern_id IS NOT NULL;
CREATE INDEX promotions_site_idx ON promotions (site_id, decided_at);
CREATE INDEX promotions_rule_idx ON promotions (rule);
CREATE TRIGGER promotions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON promotions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A client's word for a candidate: a fact of its own, never a state of the candidate.
CREATE TABLE endorsements (
    id uuid DEFAULT uuidv7() CONSTRAINT endorsements_pkey PRIMARY KEY,
    site_id uuid NOT NULL CONSTRAINT endorsements_site_fkey REFERENCES sites (id),
    pattern_id text NOT NULL CONSTRAINT endorsements_pattern_key UNIQUE
        CONSTRAINT endorsements_pattern_fkey REFERENCES patterns (id),
    actor_id uuid NOT NULL,
    actor_name text NOT NULL,
    endorsed_at timestamptz NOT NULL,
    notes text CONSTRAINT endorsements_notes_length CHECK (char_length(notes) BETWEEN 1 AND 2000)
);
CREATE INDEX endorsements_site_idx ON endorsements (site_id);
CREATE TRIGGER endorsements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON endorsements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was answered to a request that may be sent again.
CREATE TABLE idempotency_keys (
    partner_id uuid NOT NULL CONSTRAINT idempotency_keys_partner_fkey REFERENCES partners (id),
    key text NOT NULL
        CONSTRAINT idempotency_keys_key_length CHECK (char_length(key) BETWEEN 1 AND 200),
    digest bytea NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (partner_id, key)
);

-- One enabled rule of a site for a pair: its hosts share it, and an old one is never a second.
CREATE UNIQUE INDEX l1_rules_site_pair_key ON l1_rules (site_id, incident_type, runbook_id)
    WHERE source = 'promoted' AND enabled;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['promotions', 'endorsements', 'idempotency_keys']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
    END LOOP;
    FOREACH t IN ARRAY ARRAY['promotions', 'endorsements']
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_client, flywheel_partner '
            'USING (site_id IN (SELECT s.id FROM sites s)) '
            'WITH CHECK (site_id IN (SELECT s.id FROM sites s))', t || '_people', t
        );
    END LOOP;
END
$$;
CREATE POLICY idempotency_keys_partner ON idempotency_keys TO flywheel_partner
    USING (partner_id = current_setting('flywheel.partner_id')::uuid)
    WITH CHECK (partner_id = current_setting('flywheel.partner_id')::uuid);

-- People make only what a candidate of their own sites earns, and switch only that.
CREATE POLICY l1_rules_promoted ON l1_rules FOR INSERT TO flywheel_client, flywheel_partner
    WITH CHECK (
        source = 'promoted' AND scope = 'site' AND site_id IN (SELECT s.id FROM sites s)
    );
CREATE POLICY l1_rules_switched ON l1_rules FOR UPDATE TO flywheel_partner
    USING (source = 'promoted' AND scope = 'site' AND site_id IN (SELECT s.id FROM sites s))
    WITH CHECK (source = 'promoted' AND scope = 'site' AND site_id IN (SELECT s.id FROM sites s));

-- The thresholds are no secret, who set them is. Without a tenant: an error, as everywhere.
CREATE POLICY policies_client ON policies FOR SELECT TO flywheel_client
    USING (current_setting('flywheel.organization_id')::uuid IS NOT NULL);
CREATE POLICY policies_partner ON policies FOR SELECT TO flywheel_partner
    USING (current_setting('flywheel.partner_id')::uuid IS NOT NULL);

GRANT SELECT, INSERT ON promotions, endorsements
    TO flywheel_client, flywheel_partner, flywheel_operator;
GRANT SELECT, INSERT ON promotions TO flywheel_loop;
GRANT SELECT ON endorsements TO flywheel_loop;
GRANT SELECT, INSERT ON idempotency_keys TO flywheel_partner;
GRANT SELECT, DELETE ON idempotency_keys TO flywheel_loop;
GRANT SELECT ON idempotency_keys TO flywheel_operator;
GRANT SELECT (version, values) ON policies TO flywheel_client, flywheel_partner;
-- Which version of an execution is in force.
GRANT SELECT ON corrections TO flywheel_client, flywheel_partner;
GRANT UPDATE (state, state_changed_at, due_at) ON patterns TO flywheel_client, flywheel_partner;
GRANT INSERT (
    rule_id, source, scope, site_id, incident_type, runbook_id, name, description, conditions,
    action, action_params, hipaa_controls, severity_filter, priority, cooldown_seconds, max_retries,
    partner_id, organization_id, tier
) ON l1_rules TO flywheel_client, flywheel_partner;
GRANT UPDATE (enabled, disabled_reason, enabled_changed_at, withdrawn_at) ON l1_rules
    TO flywheel_partner;
GRANT UPDATE (desired_l2_mode) ON appliances TO flywheel_partner;
GRANT UPDATE (contributes, contributes_changed_at) ON organizations TO flywheel_client;
