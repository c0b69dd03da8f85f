ALTER TABLE appliances DROP COLUMN agent_started_at;
-- The state says what the words meant, and there it has to be what was said.
ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE orders DISABLE TRIGGER orders_guard;
ALTER TABLE orders DROP CONSTRAINT orders_reported_when_run;
UPDATE orders SET success = state = 'completed' WHERE state IN ('completed', 'failed');
ALTER TABLE orders ENABLE TRIGGER orders_guard;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE orders
    DROP COLUMN outcome,
    DROP COLUMN standing,
    ADD CONSTRAINT orders_reported_when_run CHECK (
        CASE state
            WHEN 'completed' THEN success IS TRUE
            WHEN 'failed' THEN success IS FALSE
            WHEN 'pending' THEN reported_at IS NULL
            WHEN 'acknowledged' THEN reported_at IS NULL
            ELSE true
        END AND (reported_at IS NULL) = (success IS NULL)
    );
CREATE OR REPLACE FUNCTION orders_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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
