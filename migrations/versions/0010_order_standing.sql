-- What the end of an order is worth. `success` stays what the appliance said; `outcome` is what its
-- words mean (`domain/completions.py`), and `standing` who could know it.
ALTER TABLE orders
    -- unknown: it was carried out, and the report of it was lost.
    ADD COLUMN outcome text CONSTRAINT orders_outcome_known
        CHECK (outcome IN ('success', 'failure', 'not_attempted', 'unknown')),
    ADD COLUMN standing text CONSTRAINT orders_standing_known
        CHECK (standing IN ('observed', 'claimed', 'verified')),
    ADD CONSTRAINT orders_standing_of_outcome CHECK ((outcome IS NULL) = (standing IS NULL)),
    DROP CONSTRAINT orders_reported_when_run,
    ADD CONSTRAINT orders_reported_when_run CHECK (
        CASE state
            WHEN 'completed'
                THEN reported_at IS NOT NULL
                AND (outcome IN ('success', 'unknown') OR standing = 'verified')
            WHEN 'failed'
                THEN reported_at IS NOT NULL
                AND (outcome IN ('failure', 'not_attempted') OR standing = 'verified')
            WHEN 'pending' THEN reported_at IS NULL
            WHEN 'acknowledged' THEN reported_at IS NULL
            ELSE true
        END AND (reported_at IS NULL) = (success IS NULL)
        AND (reported_at IS NULL) = (outcome IS NULL)
    ) NOT VALID;

-- When the agent's process is known to have started last: by a completed `restart_agent` order, or
-- because it reported another start than before. Its uptime is that of the machine.
ALTER TABLE appliances ADD COLUMN agent_started_at timestamptz;

-- As before, with what a later scan may change of an order: its outcome, once, with its standing.
CREATE OR REPLACE FUNCTION orders_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Servers of the release before write what the appliance said and nothing of its worth.
    IF NEW.reported_at IS NOT NULL AND NEW.outcome IS NULL THEN
        NEW.outcome := CASE WHEN NEW.success THEN 'success' ELSE 'failure' END;
        NEW.standing := CASE
            WHEN NEW.kind = 'healing' AND NEW.result ->> 'status' = 'healing_triggered'
                THEN 'claimed'
            ELSE 'observed'
        END;
    END IF;
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
    ) IS DISTINCT FROM (OLD.reported_at, OLD.success, OLD.result, OLD.error_message)
    OR OLD.outcome IS NOT NULL AND NEW.standing <> 'verified' AND (
        NEW.outcome, NEW.standing
    ) IS DISTINCT FROM (OLD.outcome, OLD.standing) THEN
        RAISE EXCEPTION 'what was signed or reported of an order never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_facts_stay';
    END IF;
    RETURN NEW;
END
$$;

GRANT UPDATE (outcome, standing) ON orders TO flywheel_appliance, flywheel_loop;

-- What is stored already. The owner sees these rows only while row-level security is not forced.
ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE appliances NO FORCE ROW LEVEL SECURITY;
ALTER TABLE orders DISABLE TRIGGER orders_guard;
WITH meant AS (
    SELECT
        o.id,
        CASE
            WHEN o.error_message ~* 'nonce replay detected|already executed' THEN 'unknown'
            WHEN o.success AND COALESCE(o.result -> 'error', 'null') IN ('null', 'false', '""')
                THEN 'success'
            ELSE 'failure'
        END AS outcome,
        -- Daemons below 0.4 acknowledge healing orders and do nothing (`domain/agents.py`).
        o.kind = 'healing' AND (
            o.result ->> 'status' = 'healing_triggered'
            OR a.agent_version ~ '^v?0+(\.0*[0-3]([^0-9]|$)|[^0-9.]|\.[^0-9]|\.?$)'
        ) AS claimed
    FROM orders o
    JOIN appliances a ON a.id = o.appliance_id
    WHERE o.reported_at IS NOT NULL
), ended AS (
    SELECT
        m.id, m.outcome,
        CASE WHEN m.claimed OR m.outcome = 'unknown' THEN 'claimed' ELSE 'observed' END AS standing,
        CASE WHEN m.outcome = 'failure' THEN 'failed' ELSE 'completed' END AS state
    FROM meant m
)
UPDATE orders o
SET
    outcome = e.outcome,
    standing = e.standing,
    state = CASE WHEN o.state IN ('completed', 'failed') THEN e.state ELSE o.state END,
    -- The delivery of a rule follows what has changed.
    changed_at = CASE
        WHEN o.state IN ('completed', 'failed') AND o.state <> e.state THEN now()
        ELSE o.changed_at
    END
FROM ended e
WHERE o.id = e.id;
ALTER TABLE orders ENABLE TRIGGER orders_guard;
UPDATE appliances a
SET agent_started_at = (
    SELECT max(o.reported_at)
    FROM orders o
    WHERE o.appliance_id = a.id
        AND o.kind = 'restart_agent'
        AND o.outcome IN ('success', 'unknown')
)
WHERE EXISTS (
    SELECT 1 FROM orders o WHERE o.appliance_id = a.id AND o.kind = 'restart_agent'
);
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE appliances FORCE ROW LEVEL SECURITY;
ALTER TABLE orders VALIDATE CONSTRAINT orders_reported_when_run;
