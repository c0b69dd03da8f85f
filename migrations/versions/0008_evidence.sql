-- Evidence: signed bundles in one chain per site, the keys they are signed with, their anchors.

-- One key of an appliance signs at a time. Its first one counts at once; a later one waits for an
-- operator's approval or for a signature by the one before it.
CREATE TABLE evidence_keys (
    id uuid DEFAULT uuidv7() CONSTRAINT evidence_keys_pkey PRIMARY KEY,
    site_id uuid NOT NULL,
    appliance_id uuid NOT NULL,
    public_key text NOT NULL
        CONSTRAINT evidence_keys_public_key_form CHECK (public_key ~ '^[0-9a-f]{64}$'),
    state text NOT NULL CONSTRAINT evidence_keys_state_known
        CHECK (state IN ('active', 'waiting', 'replaced', 'refused')),
    seen_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    CONSTRAINT evidence_keys_key UNIQUE (appliance_id, public_key),
    CONSTRAINT evidence_keys_appliance_fkey
        FOREIGN KEY (site_id, appliance_id) REFERENCES appliances (site_id, id),
    CONSTRAINT evidence_keys_decided_somehow CHECK (
        (decided_at IS NULL) = (state = 'waiting')
        AND (decided_by IS NULL) = (state = 'waiting')
    )
);
CREATE UNIQUE INDEX evidence_keys_one_active ON evidence_keys (appliance_id)
    WHERE state = 'active';
CREATE INDEX evidence_keys_site_idx ON evidence_keys (site_id, public_key);
CREATE INDEX evidence_keys_waiting_idx ON evidence_keys (id) WHERE state = 'waiting';

-- What appliances have shown so far.
INSERT INTO evidence_keys (
    site_id, appliance_id, public_key, state, seen_at, decided_at, decided_by
)
SELECT a.site_id, a.id, a.agent_public_key, 'active', now(), now(), 'its first check-in'
FROM appliances a
WHERE a.agent_public_key IS NOT NULL;

-- The end of each site's chain, apart from it, so that cutting the end off shows.
CREATE TABLE evidence_heads (
    site_id uuid CONSTRAINT evidence_heads_pkey PRIMARY KEY
        CONSTRAINT evidence_heads_site_fkey REFERENCES sites (id),
    position bigint NOT NULL CONSTRAINT evidence_heads_position_positive CHECK (position > 0),
    chain_hash text NOT NULL,
    received_at timestamptz NOT NULL
);

CREATE TABLE evidence_bundles (
    site_id uuid NOT NULL CONSTRAINT evidence_bundles_site_fkey REFERENCES sites (id),
    position bigint NOT NULL,
    bundle_id text NOT NULL
        CONSTRAINT evidence_bundles_bundle_id_form CHECK (bundle_id ~ '^[A-Za-z0-9._:-]{1,200}$'),
    -- Null: several appliances of the site share this key, and the credential names none.
    appliance_id uuid,
    public_key text NOT NULL
        CONSTRAINT evidence_bundles_public_key_form CHECK (public_key ~ '^[0-9a-f]{64}$'),
    signature text NOT NULL
        CONSTRAINT evidence_bundles_signature_form CHECK (signature ~ '^[0-9a-f]{128}$'),
    -- The signed text, byte for byte.
    signed_data bytea NOT NULL
        CONSTRAINT evidence_bundles_size CHECK (octet_length(signed_data) <= 4194304),
    bundle_hash text NOT NULL
        CONSTRAINT evidence_bundles_bundle_hash_form CHECK (bundle_hash ~ '^[0-9a-f]{64}$'),
    previous_hash text NOT NULL
        CONSTRAINT evidence_bundles_previous_hash_form CHECK (previous_hash ~ '^[0-9a-f]{64}$'),
    chain_hash text NOT NULL
        CONSTRAINT evidence_bundles_chain_hash_form CHECK (chain_hash ~ '^[0-9a-f]{64}$'),
    -- By the appliance's clock, and by ours.
    checked_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    checks integer NOT NULL,
    -- How many checks had each status.
    results jsonb NOT NULL,
    CONSTRAINT evidence_bundles_pkey PRIMARY KEY (site_id, position),
    CONSTRAINT evidence_bundles_bundle_id_key UNIQUE (site_id, bundle_id),
    CONSTRAINT evidence_bundles_content_key UNIQUE (site_id, bundle_hash, public_key),
    CONSTRAINT evidence_bundles_appliance_fkey
        FOREIGN KEY (site_id, appliance_id) REFERENCES appliances (site_id, id)
);
CREATE INDEX evidence_bundles_received_idx ON evidence_bundles (site_id, received_at);

-- No gap and no fork, whoever writes: a bundle follows the head, and becomes it.
CREATE FUNCTION evidence_link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.site_id::text, 7308));
    SELECT h.position, h.chain_hash, h.received_at INTO head
    FROM evidence_heads h
    WHERE h.site_id = NEW.site_id;
    IF NEW.position <> COALESCE(head.position, 0) + 1
        OR NEW.previous_hash <> COALESCE(head.chain_hash, repeat('0', 64))
        OR NEW.received_at < COALESCE(head.received_at, NEW.received_at)
    THEN
        RAISE EXCEPTION 'a bundle follows the head of its chain'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_bundles_linked';
    END IF;
    INSERT INTO evidence_heads AS h (site_id, position, chain_hash, received_at)
    VALUES (NEW.site_id, NEW.position, NEW.chain_hash, NEW.received_at)
    ON CONFLICT (site_id) DO UPDATE
    SET
        position = excluded.position,
        chain_hash = excluded.chain_hash,
        received_at = excluded.received_at;
    RETURN NEW;
END
$$;
CREATE TRIGGER evidence_bundles_link BEFORE INSERT ON evidence_bundles
    FOR EACH ROW EXECUTE FUNCTION evidence_link();
CREATE TRIGGER evidence_bundles_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_bundles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION evidence_head_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.site_id <> OLD.site_id OR NEW.position <> OLD.position + 1 THEN
        RAISE EXCEPTION 'a chain grows by one bundle at a time'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_heads_forward';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER evidence_heads_forward BEFORE UPDATE ON evidence_heads
    FOR EACH ROW EXECUTE FUNCTION evidence_head_moves();
CREATE TRIGGER evidence_heads_stay BEFORE DELETE OR TRUNCATE ON evidence_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A batch of one organization's bundles: the root of their Merkle tree, and its timestamp.
CREATE TABLE evidence_anchors (
    id uuid DEFAULT uuidv7() CONSTRAINT evidence_anchors_pkey PRIMARY KEY,
    organization_id uuid NOT NULL
        CONSTRAINT evidence_anchors_organization_fkey REFERENCES organizations (id),
    -- local: no calendar is set; pending: not in a block yet; anchored: in a block that nobody
    -- could look up yet; verified: in a block whose header we have; failed: never will be.
    state text NOT NULL CONSTRAINT evidence_anchors_state_known
        CHECK (state IN ('local', 'pending', 'anchored', 'verified', 'failed')),
    state_changed_at timestamptz NOT NULL,
    root bytea NOT NULL CONSTRAINT evidence_anchors_root_length CHECK (octet_length(root) = 32),
    leaves integer NOT NULL CONSTRAINT evidence_anchors_leaves_positive CHECK (leaves > 0),
    created_at timestamptz NOT NULL,
    -- Since when it waits for a block.
    pending_since timestamptz,
    submitted_at timestamptz,
    proof bytea CONSTRAINT evidence_anchors_proof_length CHECK (octet_length(proof) <= 1048576),
    block_height bigint,
    block_header bytea
        CONSTRAINT evidence_anchors_header_length CHECK (octet_length(block_header) = 80),
    block_time timestamptz,
    attempts integer DEFAULT 0 NOT NULL,
    -- Null: nothing more to do.
    next_attempt_at timestamptz,
    problem text,
    CONSTRAINT evidence_anchors_proven CHECK (
        (state NOT IN ('anchored', 'verified') OR proof IS NOT NULL AND block_height IS NOT NULL)
        AND (state <> 'verified' OR block_header IS NOT NULL AND block_time IS NOT NULL)
        AND (state <> 'pending' OR pending_since IS NOT NULL)
    )
);
CREATE INDEX evidence_anchors_organization_idx ON evidence_anchors (organization_id, id);
CREATE INDEX evidence_anchors_due_idx ON evidence_anchors (next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX evidence_anchors_state_idx ON evidence_anchors (state) WHERE state <> 'verified';

-- Where a bundle stands in its batch, and how its chain hash leads to the root.
CREATE TABLE evidence_leaves (
    site_id uuid NOT NULL,
    position bigint NOT NULL,
    anchor_id uuid NOT NULL
        CONSTRAINT evidence_leaves_anchor_fkey REFERENCES evidence_anchors (id),
    path text[] NOT NULL,
    CONSTRAINT evidence_leaves_pkey PRIMARY KEY (site_id, position),
    CONSTRAINT evidence_leaves_bundle_fkey
        FOREIGN KEY (site_id, position) REFERENCES evidence_bundles (site_id, position)
);
-- By site, too: which batches have bundles of one.
CREATE INDEX evidence_leaves_anchor_idx ON evidence_leaves (anchor_id, site_id);

-- How far the loop has come with each chain: batched, and verified anew.
CREATE TABLE evidence_progress (
    site_id uuid CONSTRAINT evidence_progress_pkey PRIMARY KEY
        CONSTRAINT evidence_progress_site_fkey REFERENCES sites (id),
    batched_position bigint DEFAULT 0 NOT NULL,
    verified_position bigint DEFAULT 0 NOT NULL,
    verified_hash text DEFAULT repeat('0', 64) NOT NULL,
    pass_began_at timestamptz,
    verified_at timestamptz,
    broken_position bigint,
    broken_reason text,
    broken_at timestamptz,
    CONSTRAINT evidence_progress_broken_whole
        CHECK (num_nonnulls(broken_position, broken_reason, broken_at) IN (0, 3))
);

------------------------------------------------------------------------------- who may

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'evidence_keys', 'evidence_heads', 'evidence_bundles', 'evidence_anchors',
        'evidence_leaves', 'evidence_progress'
    ]
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
    END LOOP;
    FOREACH t IN ARRAY ARRAY[
        'evidence_keys', 'evidence_heads', 'evidence_bundles', 'evidence_leaves',
        'evidence_progress'
    ]
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I FOR SELECT TO flywheel_client, flywheel_partner '
            'USING (site_id IN (SELECT s.id FROM sites s))', t || '_people', t
        );
    END LOOP;
    FOREACH t IN ARRAY ARRAY[
        'evidence_keys', 'evidence_heads', 'evidence_bundles', 'evidence_leaves'
    ]
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_appliance '
            'USING (site_id = current_setting(''flywheel.site_id'')::uuid) '
            'WITH CHECK (site_id = current_setting(''flywheel.site_id'')::uuid)',
            t || '_appliance', t
        );
    END LOOP;
END
$$;
CREATE POLICY evidence_anchors_people ON evidence_anchors
    FOR SELECT TO flywheel_client, flywheel_partner, flywheel_appliance
    USING (organization_id IN (SELECT o.id FROM organizations o));

GRANT SELECT ON evidence_keys, evidence_heads, evidence_bundles, evidence_leaves
    TO flywheel_appliance, flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT SELECT ON evidence_anchors, evidence_progress
    TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
-- An appliance is told how far its bundle's timestamp is.
GRANT SELECT (id, organization_id, state, submitted_at) ON evidence_anchors TO flywheel_appliance;
GRANT INSERT ON evidence_keys, evidence_bundles, evidence_heads TO flywheel_appliance;
GRANT UPDATE (position, chain_hash, received_at) ON evidence_heads TO flywheel_appliance;
GRANT UPDATE (state, decided_at, decided_by) ON evidence_keys
    TO flywheel_appliance, flywheel_operator;
GRANT INSERT, UPDATE ON evidence_anchors, evidence_progress TO flywheel_loop;
GRANT INSERT ON evidence_leaves TO flywheel_loop;
-- An operator has a failed timestamp tried again.
GRANT UPDATE (
    state, state_changed_at, pending_since, submitted_at, proof, block_height, block_header,
    block_time, attempts, next_attempt_at, problem
) ON evidence_anchors TO flywheel_operator;
