-- Plans at L2: a record of each decision, what a site may spend on them, and approvals that wait.

CREATE TABLE plans (
    id uuid DEFAULT uuidv7() CONSTRAINT plans_pkey PRIMARY KEY,
    site_id uuid NOT NULL CONSTRAINT plans_site_fkey REFERENCES sites (id),
    -- Null where a shared key does not say which appliance of several is asking.
    appliance_id uuid,
    incident_id text NOT NULL
        CONSTRAINT plans_incident_id_length CHECK (char_length(incident_id) <= 1000),
    incident_type text NOT NULL
        CONSTRAINT plans_incident_type_length CHECK (char_length(incident_type) <= 200),
    hostname text NOT NULL CONSTRAINT plans_hostname_length CHECK (char_length(hostname) <= 200),
    severity text NOT NULL CONSTRAINT plans_severity_length CHECK (char_length(severity) <= 200),
    platform text CONSTRAINT plans_platform_length CHECK (char_length(platform) <= 200),
    -- What a planner may know of the incident, scrubbed, and the SHA-256 of it.
    input jsonb NOT NULL,
    digest text NOT NULL CONSTRAINT plans_digest_form CHECK (digest ~ '^[0-9a-f]{64}$'),
    mode text NOT NULL
        CONSTRAINT plans_mode_known CHECK (mode IN ('auto', 'manual', 'disabled')),
    agent_version text NOT NULL,
    -- Until it is decided, its provider is being asked.
    state text NOT NULL CONSTRAINT plans_state_known CHECK (state IN ('planning', 'decided')),
    planner text CONSTRAINT plans_planner_known CHECK (planner IN (
        'rule', 'site_history', 'organization_history', 'platform_history', 'model', 'cache', 'none'
    )),
    -- Which rule, which counts, or which earlier plan.
    basis text,
    model text,
    prompt_version text NOT NULL,
    calls integer DEFAULT 0 NOT NULL CONSTRAINT plans_calls_counted CHECK (calls >= 0),
    input_tokens bigint,
    output_tokens bigint,
    -- Millionths of a US dollar.
    cost_micro_usd bigint DEFAULT 0 NOT NULL
        CONSTRAINT plans_cost_counted CHECK (cost_micro_usd >= 0),
    latency_ms integer,
    -- What the planner named, and the runbook that this is, if it is one.
    proposed text CONSTRAINT plans_proposed_length CHECK (char_length(proposed) <= 200),
    runbook_id text CONSTRAINT plans_runbook_fkey REFERENCES runbooks (runbook_id),
    confidence double precision
        CONSTRAINT plans_confidence_range CHECK (confidence BETWEEN 0 AND 1),
    reasoning text DEFAULT '' NOT NULL,
    told text CONSTRAINT plans_told_known CHECK (told IN ('execute', 'approval', 'escalate')),
    -- Why it was not told to execute.
    reason text,
    answer jsonb,
    repeats integer DEFAULT 0 NOT NULL,
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    -- The execution that came of it.
    execution_id text,
    executed_at timestamptz,
    outcome text CONSTRAINT plans_outcome_known
        CHECK (outcome IN ('success', 'failure', 'not_attempted')),
    verified boolean,
    CONSTRAINT plans_site_key UNIQUE (site_id, id),
    CONSTRAINT plans_appliance_fkey
        FOREIGN KEY (site_id, appliance_id) REFERENCES appliances (site_id, id),
    CONSTRAINT plans_decided_whole CHECK (
        num_nonnulls(planner, told, answer, decided_at) = CASE state WHEN 'decided' THEN 4 ELSE 0 END
    ),
    CONSTRAINT plans_runbook_unless_escalated CHECK (
        told IS NULL OR told = 'escalate' OR runbook_id IS NOT NULL
    ),
    CONSTRAINT plans_reason_unless_executed CHECK (
        told IS NULL OR (told = 'execute') = (reason IS NULL)
    ),
    CONSTRAINT plans_disabled_escalate CHECK (
        mode <> 'disabled' OR told IS NULL OR told = 'escalate'
    ),
    CONSTRAINT plans_execution_whole CHECK (
        num_nonnulls(execution_id, executed_at, outcome) IN (0, 3)
    )
);
-- Incident ids may be longer than an index takes.
CREATE INDEX plans_incident_idx ON plans (site_id, hashtextextended(incident_id, 0), created_at);
CREATE INDEX plans_digest_idx ON plans (site_id, digest, created_at);
CREATE INDEX plans_site_idx ON plans (site_id, id);
CREATE INDEX plans_created_idx ON plans (created_at);
CREATE INDEX plans_open_idx ON plans (created_at)
    WHERE told IN ('execute', 'approval') AND execution_id IS NULL;
CREATE INDEX plans_executed_idx ON plans (executed_at);
CREATE INDEX plans_planning_idx ON plans (created_at) WHERE state = 'planning';

-- What was decided and told stays; only what came of it is added.
CREATE FUNCTION plans_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'decided' AND (
        NEW.site_id, NEW.incident_id, NEW.digest, NEW.mode, NEW.state, NEW.planner, NEW.basis,
        NEW.model, NEW.calls, NEW.cost_micro_usd, NEW.proposed, NEW.runbook_id, NEW.confidence,
        NEW.reasoning, NEW.told, NEW.reason, NEW.answer, NEW.created_at, NEW.decided_at
    ) IS DISTINCT FROM (
        OLD.site_id, OLD.incident_id, OLD.digest, OLD.mode, OLD.state, OLD.planner, OLD.basis,
        OLD.model, OLD.calls, OLD.cost_micro_usd, OLD.proposed, OLD.runbook_id, OLD.confidence,
        OLD.reasoning, OLD.told, OLD.reason, OLD.answer, OLD.created_at, OLD.decided_at
    ) THEN
        RAISE EXCEPTION 'a decided plan never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plans_facts_stay';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER plans_guard BEFORE UPDATE ON plans
    FOR EACH ROW EXECUTE FUNCTION plans_guard();

-- What a site has spent in a day (UTC), with what is reserved for calls under way.
CREATE TABLE plan_budgets (
    site_id uuid NOT NULL CONSTRAINT plan_budgets_site_fkey REFERENCES sites (id),
    day date NOT NULL,
    calls integer NOT NULL CONSTRAINT plan_budgets_calls_counted CHECK (calls >= 0),
    micro_usd bigint NOT NULL CONSTRAINT plan_budgets_money_counted CHECK (micro_usd >= 0),
    CONSTRAINT plan_budgets_pkey PRIMARY KEY (site_id, day)
);
CREATE INDEX plan_budgets_day_idx ON plan_budgets (day);

-- A plan that waits for a person's word (docs/states.md).
CREATE TABLE plan_approvals (
    plan_id uuid NOT NULL CONSTRAINT plan_approvals_pkey PRIMARY KEY,
    site_id uuid NOT NULL,
    state text DEFAULT 'waiting' NOT NULL CONSTRAINT plan_approvals_state_known
        CHECK (state IN ('waiting', 'approved', 'rejected', 'expired')),
    created_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by_kind text,
    decided_by_id uuid,
    decided_by text,
    notes text CONSTRAINT plan_approvals_notes_length CHECK (char_length(notes) <= 2000),
    order_id text CONSTRAINT plan_approvals_order_key UNIQUE
        CONSTRAINT plan_approvals_order_fkey REFERENCES orders (id),
    CONSTRAINT plan_approvals_plan_fkey
        FOREIGN KEY (site_id, plan_id) REFERENCES plans (site_id, id) ON DELETE CASCADE,
    CONSTRAINT plan_approvals_deadline_ahead CHECK (deadline_at > created_at),
    CONSTRAINT plan_approvals_decided_once CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CONSTRAINT plan_approvals_decided_by_somebody CHECK (
        (state IN ('approved', 'rejected')) = (decided_by IS NOT NULL)
    ),
    CONSTRAINT plan_approvals_approved_orders CHECK ((state = 'approved') = (order_id IS NOT NULL)),
    CONSTRAINT plan_approvals_in_time CHECK (
        CASE state
            WHEN 'expired' THEN decided_at >= deadline_at
            WHEN 'approved' THEN decided_at < deadline_at
            ELSE true
        END
    )
);
CREATE INDEX plan_approvals_deadline_idx ON plan_approvals (deadline_at) WHERE state = 'waiting';
CREATE INDEX plan_approvals_site_idx ON plan_approvals (site_id, plan_id);

CREATE FUNCTION plan_approvals_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'waiting' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a plan is decided on once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_approvals_moves_once';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER plan_approvals_guard BEFORE UPDATE ON plan_approvals
    FOR EACH ROW EXECUTE FUNCTION plan_approvals_guard();

-- Executions are found by the incident that a plan was for; those of rules need no plan.
CREATE INDEX executions_incident_idx ON executions (site_id, hashtextextended(incident_id, 0))
    WHERE level <> 'L1';

------------------------------------------------------------------------------- who may

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['plans', 'plan_budgets', 'plan_approvals']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_appliance '
            'USING (site_id = current_setting(''flywheel.site_id'')::uuid) '
            'WITH CHECK (site_id = current_setting(''flywheel.site_id'')::uuid)',
            t || '_appliance', t
        );
    END LOOP;
    FOREACH t IN ARRAY ARRAY['plans', 'plan_approvals']
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_client, flywheel_partner '
            'USING (site_id IN (SELECT s.id FROM sites s)) '
            'WITH CHECK (site_id IN (SELECT s.id FROM sites s))', t || '_people', t
        );
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON plans, plan_budgets TO flywheel_appliance;
GRANT SELECT, INSERT ON plan_approvals TO flywheel_appliance;
GRANT SELECT ON plans, plan_approvals
    TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT UPDATE (
    state, decided_at, decided_by_kind, decided_by_id, decided_by, notes, order_id
) ON plan_approvals TO flywheel_client, flywheel_partner;
GRANT SELECT ON plan_budgets TO flywheel_operator, flywheel_loop;
GRANT UPDATE (
    state, planner, told, reason, answer, decided_at, execution_id, executed_at, outcome, verified
) ON plans TO flywheel_loop;
GRANT UPDATE (state, decided_at) ON plan_approvals TO flywheel_loop;
GRANT DELETE ON plans, plan_budgets, plan_approvals TO flywheel_loop;
