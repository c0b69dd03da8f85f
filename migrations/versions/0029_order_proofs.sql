-- What a later look at a host said of a healing order, as it does of every heal: the first one decides.
ALTER TABLE orders
    ADD COLUMN proof_source text CONSTRAINT orders_proof_source_known
        CHECK (proof_source IN ('scan', 'incident')),
    -- The bundle of evidence, or the incident.
    ADD COLUMN proof_reference text,
    ADD COLUMN proof_seen_at timestamptz,
    ADD CONSTRAINT orders_proof_whole CHECK (
        num_nulls(proof_source, proof_reference, proof_seen_at) = 3
        OR num_nulls(proof_source, proof_reference, proof_seen_at) = 0
        AND kind = 'healing' AND standing = 'verified'
    ) NOT VALID;
GRANT UPDATE (proof_source, proof_reference, proof_seen_at) ON orders
    TO flywheel_appliance, flywheel_loop;
CREATE INDEX orders_unproven_idx ON orders (site_id, reported_at)
    WHERE kind = 'healing' AND outcome IN ('success', 'unknown') AND proof_seen_at IS NULL;

-- Which host, in lower case, and which of its checks a healing order is about; null: it says none.
CREATE FUNCTION order_host(payload text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN lower(COALESCE(
    NULLIF(payload::jsonb #>> '{parameters,target_host}', ''),
    NULLIF(payload::jsonb #>> '{parameters,hostname}', '')
));
CREATE FUNCTION order_check(payload text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN NULLIF(payload::jsonb #>> '{parameters,check_type}', '');

ALTER TABLE orders VALIDATE CONSTRAINT orders_proof_whole;
