-- Which machine an appliance is: other MACs, machines that take turns, appliances that are removed.

ALTER TABLE appliances
    -- What it said in place of a MAC, where that identifies no machine.
    ADD COLUMN reported_mac text,
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN removed_by text,
    -- The appliance that it turned out to be: never one that is removed itself.
    ADD COLUMN merged_into uuid;
ALTER TABLE appliances
    ADD CONSTRAINT appliances_removed_by_someone
        CHECK ((removed_at IS NULL) = (removed_by IS NULL)),
    ADD CONSTRAINT appliances_merged_is_removed
        CHECK (merged_into IS NULL OR removed_at IS NOT NULL AND merged_into <> id),
    ADD CONSTRAINT appliances_merged_into_fkey
        FOREIGN KEY (site_id, merged_into) REFERENCES appliances (site_id, id);
-- Ethernet, EUI-64 and InfiniBand.
ALTER TABLE appliances DROP CONSTRAINT appliances_mac_form;
ALTER TABLE appliances ADD CONSTRAINT appliances_mac_form CHECK (
    mac ~ '^[0-9A-F]{2}(:[0-9A-F]{2}){5}((:[0-9A-F]{2}){2}|(:[0-9A-F]{2}){14})?$'
);
DROP INDEX appliances_site_mac_key;
CREATE UNIQUE INDEX appliances_site_mac_key ON appliances (site_id, mac)
    WHERE mac IS NOT NULL AND removed_at IS NULL;
CREATE INDEX appliances_merged_idx ON appliances (merged_into) WHERE merged_into IS NOT NULL;

-- What an appliance has shown as its identity. One that comes back shortly after another one shows
-- that two machines take turns as one appliance.
CREATE TABLE appliance_identities (
    site_id uuid NOT NULL,
    appliance_id uuid NOT NULL,
    -- Empty for none.
    mac text NOT NULL,
    public_key text NOT NULL,
    hostname text NOT NULL,
    booted_at timestamptz,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    -- How often it took its turn, and when it did last.
    turns integer DEFAULT 0 NOT NULL,
    turned_at timestamptz,
    CONSTRAINT appliance_identities_pkey PRIMARY KEY (appliance_id, mac, public_key, hostname),
    CONSTRAINT appliance_identities_appliance_fkey
        FOREIGN KEY (site_id, appliance_id) REFERENCES appliances (site_id, id)
);
CREATE INDEX appliance_identities_turned_idx ON appliance_identities (turned_at)
    WHERE turned_at IS NOT NULL;

-- MACs that several machines of a site have: they identify none of them.
CREATE TABLE shared_macs (
    site_id uuid NOT NULL CONSTRAINT shared_macs_site_fkey REFERENCES sites (id),
    mac text NOT NULL,
    noted_at timestamptz NOT NULL,
    noted_by text NOT NULL,
    CONSTRAINT shared_macs_pkey PRIMARY KEY (site_id, mac)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['appliance_identities', 'shared_macs']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
        EXECUTE format(
            'CREATE POLICY %I ON %I FOR SELECT TO flywheel_client, flywheel_partner '
            'USING (site_id IN (SELECT s.id FROM sites s))', t || '_people', t
        );
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_appliance '
            'USING (site_id = current_setting(''flywheel.site_id'')::uuid) '
            'WITH CHECK (site_id = current_setting(''flywheel.site_id'')::uuid)',
            t || '_appliance', t
        );
    END LOOP;
END
$$;
GRANT SELECT ON appliance_identities, shared_macs
    TO flywheel_appliance, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT INSERT, UPDATE, DELETE ON appliance_identities TO flywheel_appliance;

-- What a person says of an appliance is carried out as the loop: it touches what people only read.
GRANT INSERT ON appliances, shared_macs TO flywheel_loop;
GRANT UPDATE (
    mac, agent_public_key, hostname, removed_at, removed_by, merged_into
) ON appliances TO flywheel_loop;
GRANT DELETE ON appliance_identities, rule_deliveries, rule_syncs, pattern_reports,
    appliance_documents, evidence_keys TO flywheel_loop;
GRANT UPDATE (appliance_id, state, decided_at, decided_by) ON evidence_keys TO flywheel_loop;
GRANT INSERT ON evidence_keys TO flywheel_loop;
GRANT UPDATE ON pattern_reports, appliance_documents TO flywheel_loop;
GRANT UPDATE (appliance_id) ON plans, api_keys TO flywheel_loop;
GRANT SELECT (site_id, appliance_id, digest) ON api_keys TO flywheel_loop;

-- A removed appliance casts no doubt on what a key's reports are worth.
GRANT SELECT (removed_at) ON appliances TO flywheel_auth;
