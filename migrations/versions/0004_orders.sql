-- Orders to appliances, and where each learnt rule stands on each appliance.

ALTER TABLE appliances ADD CONSTRAINT appliances_site_id_key UNIQUE (site_id, id);

-- One table and one state machine for every kind (docs/states.md). The signed text is the order:
-- what appliances are told is read from it, so that nothing beside it can differ.
CREATE TABLE orders (
    id text NOT NULL CONSTRAINT orders_pkey PRIMARY KEY
        CONSTRAINT orders_id_length CHECK (char_length(id) BETWEEN 1 AND 300),
    site_id uuid NOT NULL,
    appliance_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT orders_kind_known CHECK (kind IN (
        'healing', 'sync_promoted_rule', 'sync_rules', 'force_checkin', 'run_drift', 'view_logs',
        'diagnostic', 'restart_agent', 'update_credentials', 'custom'
    )),
    -- What appliances call the kind; custom orders bring a word of their own.
    order_type text NOT NULL
        CONSTRAINT orders_order_type_form CHECK (order_type ~ '^[A-Za-z][A-Za-z0-9_.-]{0,99}$'),
    -- What the order is about, so that one thing is not ordered twice at a time.
    object_key text DEFAULT '' NOT NULL
        CONSTRAINT orders_object_key_length CHECK (char_length(object_key) <= 500),
    rule uuid CONSTRAINT orders_rule_fkey REFERENCES l1_rules (id),
    priority integer NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    nonce text NOT NULL CONSTRAINT orders_nonce_key UNIQUE
        CONSTRAINT orders_nonce_form CHECK (nonce ~ '^[0-9a-f]{32}$'),
    signed_payload text NOT NULL,
    signature text NOT NULL CONSTRAINT orders_signature_form CHECK (signature ~ '^[0-9a-f]{128}$'),
    issued_by text NOT NULL,
    state text DEFAULT 'pending' NOT NULL CONSTRAINT orders_state_known CHECK (
        state IN ('pending', 'acknowledged', 'completed', 'failed', 'expired', 'cancelled')
    ),
    changed_at timestamptz NOT NULL,
    -- When the appliance was first told of it.
    handed_out_at timestamptz,
    acknowledged_at timestamptz,
    finished_at timestamptz,
    -- What the appliance said came of it; also when it said so too late to change the state.
    reported_at timestamptz,
    success boolean,
    result jsonb,
    error_message text,
    CONSTRAINT orders_appliance_fkey
        FOREIGN KEY (site_id, appliance_id) REFERENCES appliances (site_id, id),
    CONSTRAINT orders_kind_names_type CHECK (
        kind = 'custom' AND order_type NOT IN (
            'healing', 'sync_promoted_rule', 'sync_rules', 'force_checkin', 'run_drift',
            'view_logs', 'diagnostic', 'restart_agent', 'update_credentials'
        ) OR kind <> 'custom' AND order_type = kind
    ),
    CONSTRAINT orders_rule_of_sync CHECK ((kind = 'sync_promoted_rule') = (rule IS NOT NULL)),
    CONSTRAINT orders_deadline_ahead CHECK (expires_at > created_at),
    CONSTRAINT orders_payload_is_the_order CHECK (
        signed_payload::jsonb @> jsonb_build_object(
            'order_id', id, 'order_type', order_type, 'nonce', nonce
        ) AND jsonb_typeof(signed_payload::jsonb -> 'parameters') = 'object'
    ),
    CONSTRAINT orders_finished_when_final CHECK (
        (state IN ('pending', 'acknowledged')) = (finished_at IS NULL)
    ),
    CONSTRAINT orders_acknowledged_when_said CHECK (
        CASE state
            WHEN 'pending' THEN acknowledged_at IS NULL
            WHEN 'acknowledged' THEN acknowledged_at IS NOT NULL
            ELSE true
        END
    ),
    CONSTRAINT orders_reported_when_run CHECK (
        CASE state
            WHEN 'completed' THEN success IS TRUE
            WHEN 'failed' THEN success IS FALSE
            WHEN 'pending' THEN reported_at IS NULL
            WHEN 'acknowledged' THEN reported_at IS NULL
            ELSE true
        END AND (reported_at IS NULL) = (success IS NULL)
    ),
    CONSTRAINT orders_expired_past_deadline CHECK (state <> 'expired' OR finished_at >= expires_at)
);
-- One living order for a thing on an appliance.
CREATE UNIQUE INDEX orders_one_live_key ON orders (appliance_id, order_type, object_key)
    WHERE state IN ('pending', 'acknowledged');
CREATE INDEX orders_deadline_idx ON orders (expires_at) WHERE state IN ('pending', 'acknowledged');
CREATE INDEX orders_appliance_idx ON orders (site_id, appliance_id, created_at, id);
CREATE INDEX orders_rule_idx ON orders (rule, appliance_id) WHERE rule IS NOT NULL;
CREATE INDEX orders_changed_idx ON orders (changed_at) WHERE rule IS NOT NULL;

-- What a state may become, whoever writes; what was signed or reported never changes.
CREATE FUNCTION orders_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND NOT (
        OLD.state = 'pending'
        OR OLD.state = 'acknowledged' AND NEW.state <> 'pending'
    ) THEN
        RAISE EXCEPTION 'an order that is % does not become %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_moves_forward';
    END IF;
    IF (
        NEW.id, NEW.site_id, NEW.appliance_id, NEW.kind, NEW.order_type, NEW.object_key, NEW.rule,
        NEW.created_at, NEW.expires_at, NEW.nonce, NEW.signed_payload, NEW.signature
    ) IS DISTINCT FROM (
        OLD.id, OLD.site_id, OLD.appliance_id, OLD.kind, OLD.order_type, OLD.object_key, OLD.rule,
        OLD.created_at, OLD.expires_at, OLD.nonce, OLD.signed_payload, OLD.signature
    ) OR OLD.reported_at IS NOT NULL AND (
        NEW.reported_at, NEW.success, NEW.result, NEW.error_message
    ) IS DISTINCT FROM (OLD.reported_at, OLD.success, OLD.result, OLD.error_message) THEN
        RAISE EXCEPTION 'what was signed or reported of an order never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_facts_stay';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER orders_guard BEFORE UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_guard();

------------------------------------------------------------------------------- delivery

-- Which rules a rule set that was served holds, by the hash that appliances report.
CREATE TABLE rule_sets (
    hash text NOT NULL CONSTRAINT rule_sets_pkey PRIMARY KEY
        CONSTRAINT rule_sets_hash_form CHECK (hash ~ '^[0-9a-f]{64}$'),
    rule_ids text[] NOT NULL,
    served_at timestamptz NOT NULL
);

-- The newest sync of each key's appliance, or of the site where its key is shared.
CREATE TABLE rule_syncs (
    site_id uuid NOT NULL CONSTRAINT rule_syncs_site_fkey REFERENCES sites (id),
    appliance_id uuid,
    hash text NOT NULL,
    synced_at timestamptz NOT NULL,
    CONSTRAINT rule_syncs_key UNIQUE NULLS NOT DISTINCT (site_id, appliance_id)
);
CREATE INDEX rule_syncs_synced_idx ON rule_syncs (synced_at);

-- How far a learnt rule has come on an appliance: each stage with the moment that proved it.
CREATE TABLE rule_deliveries (
    site_id uuid NOT NULL,
    rule uuid NOT NULL CONSTRAINT rule_deliveries_rule_fkey REFERENCES l1_rules (id),
    appliance_id uuid NOT NULL,
    approved_at timestamptz NOT NULL,
    -- A sync with the site's shared key carried it: to which of its appliances nobody knows.
    carried_at timestamptz,
    delivered_at timestamptz,
    delivered_by text CONSTRAINT rule_deliveries_delivered_by_known
        CHECK (delivered_by IN ('order', 'sync', 'report', 'execution')),
    active_at timestamptz,
    matching_at timestamptz,
    succeeding_at timestamptz,
    matches bigint DEFAULT 0 NOT NULL
        CONSTRAINT rule_deliveries_matches_counted CHECK (matches >= 0),
    successes bigint DEFAULT 0 NOT NULL
        CONSTRAINT rule_deliveries_successes_counted CHECK (successes >= 0),
    -- The appliance reported a rule set without it.
    left_at timestamptz,
    refused_at timestamptz,
    refusal text,
    -- Since when it should have been running; null while all is well.
    stuck_at timestamptz,
    CONSTRAINT rule_deliveries_pkey PRIMARY KEY (rule, appliance_id),
    CONSTRAINT rule_deliveries_appliance_fkey
        FOREIGN KEY (site_id, appliance_id) REFERENCES appliances (site_id, id),
    CONSTRAINT rule_deliveries_delivered_somehow
        CHECK ((delivered_at IS NULL) = (delivered_by IS NULL)),
    CONSTRAINT rule_deliveries_in_order CHECK (
        (active_at IS NULL OR delivered_at IS NOT NULL)
        AND (matching_at IS NULL OR active_at IS NOT NULL)
        AND (succeeding_at IS NULL OR matching_at IS NOT NULL)
    )
);
CREATE INDEX rule_deliveries_site_idx ON rule_deliveries (site_id);
CREATE INDEX rule_deliveries_waiting_idx ON rule_deliveries (appliance_id) WHERE active_at IS NULL;
CREATE INDEX rule_deliveries_approved_idx ON rule_deliveries (approved_at);

-- Whether a site gets another rule that says the same, and so never this one.
CREATE FUNCTION rule_covered(of_rule uuid, of_site uuid)
RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT 1
        FROM l1_rules mine
        JOIN sites s ON s.id = of_site
        JOIN organizations o ON o.id = s.organization_id
        JOIN l1_rules l
            ON l.incident_type = mine.incident_type
            AND l.conditions = mine.conditions
            AND l.action = mine.action
            AND l.action_params = mine.action_params
            AND l.severity_filter IS NOT DISTINCT FROM mine.severity_filter
        WHERE mine.id = of_rule
            AND l.enabled
            AND l.source IN ('promoted', 'platform', 'custom')
            AND (
                l.scope = 'platform' OR l.site_id = s.id OR l.organization_id = o.id
                OR l.partner_id = o.partner_id
            )
            AND (
                array_position(ARRAY['site', 'organization', 'partner', 'platform'], l.scope),
                l.priority, l.rule_id COLLATE "C"
            ) < (
                array_position(ARRAY['site', 'organization', 'partner', 'platform'], mine.scope),
                mine.priority, mine.rule_id COLLATE "C"
            )
    );
END;

------------------------------------------------------------------------------- who may

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['orders', 'rule_sets', 'rule_syncs', 'rule_deliveries']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
    END LOOP;
    FOREACH t IN ARRAY ARRAY['orders', 'rule_deliveries']
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_client, flywheel_partner '
            'USING (site_id IN (SELECT s.id FROM sites s)) '
            'WITH CHECK (site_id IN (SELECT s.id FROM sites s))', t || '_people', t
        );
    END LOOP;
END
$$;
CREATE POLICY orders_appliance ON orders TO flywheel_appliance
    USING (site_id = current_setting('flywheel.site_id')::uuid)
    WITH CHECK (site_id = current_setting('flywheel.site_id')::uuid);
-- Whoever renders a set first keeps what it holds; nobody at a site may read it.
CREATE POLICY rule_sets_appliance ON rule_sets FOR INSERT TO flywheel_appliance WITH CHECK (true);

GRANT SELECT ON orders TO flywheel_appliance, flywheel_client, flywheel_partner,
    flywheel_operator, flywheel_loop;
GRANT INSERT ON orders TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT UPDATE (
    state, changed_at, handed_out_at, acknowledged_at, finished_at, reported_at, success, result,
    error_message
) ON orders TO flywheel_appliance, flywheel_loop;
-- Whoever issues an order ends the one before it that is past its deadline.
GRANT UPDATE (state, changed_at, finished_at) ON orders
    TO flywheel_client, flywheel_partner, flywheel_operator;
GRANT INSERT ON rule_sets TO flywheel_appliance;
GRANT SELECT, DELETE ON rule_sets TO flywheel_loop;
GRANT SELECT, INSERT, UPDATE ON rule_syncs, rule_deliveries TO flywheel_loop;
GRANT SELECT ON rule_sets, rule_syncs, rule_deliveries TO flywheel_operator;
GRANT SELECT ON rule_deliveries TO flywheel_client, flywheel_partner;
-- The loop signs the orders that push rules.
GRANT SELECT ON signing_keys TO flywheel_loop;
