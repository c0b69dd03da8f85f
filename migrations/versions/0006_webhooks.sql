-- What happened, written in the transaction in which it happened: the outbox of the webhooks.
CREATE TABLE events (
    id uuid DEFAULT uuidv7() CONSTRAINT events_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT events_kind_known CHECK (kind IN (
        'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
        'rule.promoted', 'rule.withdrawn', 'delivery.stuck', 'plan.waiting', 'loop.silent',
        'webhook.test'
    )),
    -- Whose it is; all null: the platform's, told to operators only.
    partner_id uuid CONSTRAINT events_partner_fkey REFERENCES partners (id),
    organization_id uuid CONSTRAINT events_organization_fkey REFERENCES organizations (id),
    site_id uuid CONSTRAINT events_site_fkey REFERENCES sites (id),
    data jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    -- Null until its deliveries are made.
    dispatched_at timestamptz,
    CONSTRAINT events_whole_tenancy CHECK (
        (site_id IS NULL OR organization_id IS NOT NULL)
        AND (organization_id IS NULL OR partner_id IS NOT NULL)
    )
);
CREATE INDEX events_occurred_idx ON events (occurred_at);
CREATE INDEX events_undispatched_idx ON events (id) WHERE dispatched_at IS NULL;
-- However many processes notice a silence, it is told once.
CREATE UNIQUE INDEX events_one_silence_key ON events ((data ->> 'last_turn_at'))
    WHERE kind = 'loop.silent';

CREATE TABLE webhook_endpoints (
    id uuid DEFAULT uuidv7() CONSTRAINT webhook_endpoints_pkey PRIMARY KEY,
    -- Null: an endpoint of operators, told of every tenant's events.
    partner_id uuid CONSTRAINT webhook_endpoints_partner_fkey REFERENCES partners (id),
    url text NOT NULL
        CONSTRAINT webhook_endpoints_url_length CHECK (char_length(url) BETWEEN 1 AND 2048),
    label text DEFAULT '' NOT NULL
        CONSTRAINT webhook_endpoints_label_length CHECK (char_length(label) <= 200),
    kinds text[] NOT NULL
        CONSTRAINT webhook_endpoints_kinds_given CHECK (cardinality(kinds) BETWEEN 1 AND 20),
    -- Signing needs it in the clear; only the sender's role may read it.
    secret bytea NOT NULL
        CONSTRAINT webhook_endpoints_secret_length CHECK (octet_length(secret) BETWEEN 24 AND 64),
    enabled boolean DEFAULT true NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX webhook_endpoints_partner_idx ON webhook_endpoints (partner_id, id);

-- One event for one endpoint, until it is answered with 2xx or given up.
CREATE TABLE webhook_deliveries (
    id uuid DEFAULT uuidv7() CONSTRAINT webhook_deliveries_pkey PRIMARY KEY,
    event_id uuid NOT NULL
        CONSTRAINT webhook_deliveries_event_fkey REFERENCES events (id) ON DELETE CASCADE,
    endpoint_id uuid NOT NULL
        CONSTRAINT webhook_deliveries_endpoint_fkey
        REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    -- The endpoint's.
    partner_id uuid CONSTRAINT webhook_deliveries_partner_fkey REFERENCES partners (id),
    state text DEFAULT 'pending' NOT NULL CONSTRAINT webhook_deliveries_state_known
        CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    -- Who is sending it, and until when nobody else does.
    leased_by uuid,
    leased_until timestamptz,
    last_status integer,
    last_error text,
    last_attempt_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT webhook_deliveries_key UNIQUE (event_id, endpoint_id)
);
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (endpoint_id, next_attempt_at)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead_idx ON webhook_deliveries (endpoint_id, id)
    WHERE state = 'dead';
CREATE INDEX webhook_deliveries_leased_idx ON webhook_deliveries (leased_by)
    WHERE leased_by IS NOT NULL;
CREATE INDEX webhook_deliveries_endpoint_idx ON webhook_deliveries (endpoint_id, id);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['events', 'webhook_endpoints', 'webhook_deliveries']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_partner '
            'USING (partner_id = current_setting(''flywheel.partner_id'')::uuid) '
            'WITH CHECK (partner_id = current_setting(''flywheel.partner_id'')::uuid)',
            t || '_partner', t
        );
    END LOOP;
END
$$;
-- A client's deed is an event of its own organization; who hears of it is not a client's to read.
CREATE POLICY events_client ON events FOR INSERT TO flywheel_client
    WITH CHECK (organization_id = current_setting('flywheel.organization_id')::uuid);
-- What an appliance asks for may have to wait for its people.
CREATE POLICY events_appliance ON events FOR INSERT TO flywheel_appliance
    WITH CHECK (site_id = current_setting('flywheel.site_id')::uuid AND kind = 'plan.waiting');

GRANT INSERT ON events
    TO flywheel_appliance, flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT SELECT ON events, webhook_deliveries TO flywheel_partner, flywheel_operator, flywheel_loop;
GRANT INSERT ON webhook_deliveries TO flywheel_partner, flywheel_operator, flywheel_loop;
GRANT UPDATE (state, attempts, next_attempt_at) ON webhook_deliveries
    TO flywheel_partner, flywheel_operator;
GRANT INSERT, DELETE ON webhook_endpoints TO flywheel_partner, flywheel_operator;
GRANT SELECT (id, partner_id, url, label, kinds, enabled, created_at) ON webhook_endpoints
    TO flywheel_partner, flywheel_operator;
GRANT UPDATE (url, label, kinds, enabled) ON webhook_endpoints
    TO flywheel_partner, flywheel_operator;
GRANT SELECT ON webhook_endpoints TO flywheel_loop;
GRANT UPDATE, DELETE ON events, webhook_deliveries TO flywheel_loop;
