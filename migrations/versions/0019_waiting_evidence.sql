-- Bundles that wait, unverified, until the key that signed them counts.

-- Without an appliance: only bundles have shown it so far. It counts once it is an appliance's.
ALTER TABLE evidence_keys ALTER COLUMN appliance_id DROP NOT NULL;
ALTER TABLE evidence_keys ADD CONSTRAINT evidence_keys_active_is_someones
    CHECK (appliance_id IS NOT NULL OR state IN ('waiting', 'refused'));
CREATE UNIQUE INDEX evidence_keys_unknown_key ON evidence_keys (site_id, public_key)
    WHERE appliance_id IS NULL;

-- Since when a bundle waited for its key; null: it was verified when it came.
ALTER TABLE evidence_bundles ADD COLUMN waited_since timestamptz;

CREATE TABLE evidence_waiting (
    id uuid DEFAULT uuidv7() CONSTRAINT evidence_waiting_pkey PRIMARY KEY,
    site_id uuid NOT NULL CONSTRAINT evidence_waiting_site_fkey REFERENCES sites (id),
    -- Null: the agent does not say which key signed.
    public_key text
        CONSTRAINT evidence_waiting_public_key_form CHECK (public_key ~ '^[0-9a-f]{64}$'),
    signature text NOT NULL
        CONSTRAINT evidence_waiting_signature_form CHECK (signature ~ '^[0-9a-f]{128}$'),
    signed_data bytea NOT NULL
        CONSTRAINT evidence_waiting_size CHECK (octet_length(signed_data) <= 4194304),
    size_bytes integer NOT NULL,
    bundle_hash text NOT NULL
        CONSTRAINT evidence_waiting_bundle_hash_form CHECK (bundle_hash ~ '^[0-9a-f]{64}$'),
    -- As the agent gave it, if it did.
    bundle_id text
        CONSTRAINT evidence_waiting_bundle_id_form CHECK (bundle_id ~ '^[A-Za-z0-9._:-]{1,200}$'),
    checked_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    checks integer NOT NULL,
    results jsonb NOT NULL,
    CONSTRAINT evidence_waiting_content_key
        UNIQUE NULLS NOT DISTINCT (site_id, bundle_hash, public_key)
);
CREATE INDEX evidence_waiting_site_idx ON evidence_waiting (site_id, id);

-- What waited and never entered a chain: how many, and why. One row a day for each key and reason.
CREATE TABLE evidence_drops (
    id uuid DEFAULT uuidv7() CONSTRAINT evidence_drops_pkey PRIMARY KEY,
    site_id uuid NOT NULL CONSTRAINT evidence_drops_site_fkey REFERENCES sites (id),
    public_key text,
    -- room: more came than a site may have waiting; refused: the key was;
    -- unverified: the signature does not hold.
    reason text NOT NULL CONSTRAINT evidence_drops_reason_known
        CHECK (reason IN ('room', 'refused', 'unverified')),
    day date NOT NULL,
    bundles bigint NOT NULL,
    size_bytes bigint NOT NULL,
    first_checked_at timestamptz NOT NULL,
    last_checked_at timestamptz NOT NULL,
    dropped_at timestamptz NOT NULL,
    CONSTRAINT evidence_drops_key UNIQUE NULLS NOT DISTINCT (site_id, public_key, reason, day)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['evidence_waiting', 'evidence_drops']
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
GRANT SELECT ON evidence_waiting, evidence_drops
    TO flywheel_appliance, flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT INSERT, DELETE ON evidence_waiting TO flywheel_appliance;
GRANT DELETE ON evidence_waiting TO flywheel_loop;
GRANT INSERT, UPDATE ON evidence_drops TO flywheel_appliance, flywheel_loop;
-- An appliance that shows a key which waits for one; a key that was replaced and is back.
GRANT UPDATE (appliance_id, seen_at) ON evidence_keys TO flywheel_appliance, flywheel_loop;
-- Bundles enter their chain after a person's decision.
GRANT INSERT ON evidence_bundles, evidence_heads TO flywheel_loop;
GRANT UPDATE (position, chain_hash, received_at) ON evidence_heads TO flywheel_loop;
-- What it proves then is a correction like any other.
GRANT INSERT ON executions, corrections, heal_proofs TO flywheel_loop;
