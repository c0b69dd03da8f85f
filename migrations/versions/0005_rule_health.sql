-- Every attempt of a promoted or platform rule, as far back as its execution is kept: what the
-- health of the rule is computed from, and computed anew when an execution is corrected.
CREATE TABLE rule_attempts (
    -- A copy of facts by a rule that was read in the same statement: `verify-counts` compares both, and
    -- references checked row by row would cost more than the fold.
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    rule uuid NOT NULL,
    -- The order in which the rule's attempts were folded: the order of the detector.
    seq bigint NOT NULL CONSTRAINT rule_attempts_seq_positive CHECK (seq > 0),
    incident_type text NOT NULL,
    reported_id text NOT NULL,
    hostname text NOT NULL,
    success boolean NOT NULL,
    chaos boolean NOT NULL,
    error_category text,
    -- The earlier of when the appliance says it happened and when it was first received.
    began_at timestamptz NOT NULL,
    -- When the version in force was received: the attempt is kept as long as that fact.
    received_at timestamptz NOT NULL,
    CONSTRAINT rule_attempts_pkey PRIMARY KEY (site_id, execution_id),
    CONSTRAINT rule_attempts_order UNIQUE (rule, seq)
);
CREATE INDEX rule_attempts_began_idx ON rule_attempts (rule, began_at);
CREATE INDEX rule_attempts_received_idx ON rule_attempts USING brin (received_at);

-- How each watched rule does since it was promoted or last enabled by a person.
CREATE TABLE rule_health (
    rule uuid CONSTRAINT rule_health_pkey PRIMARY KEY
        CONSTRAINT rule_health_rule_fkey REFERENCES l1_rules (id),
    -- Attempts that began before do not count.
    restarted_at timestamptz NOT NULL,
    -- The newest attempt recorded, and the newest that the numbers below hold.
    last_seq bigint DEFAULT 0 NOT NULL,
    folded_seq bigint DEFAULT 0 NOT NULL,
    -- One number for each member of the detector's grid, and their mean.
    numbers double precision[] DEFAULT '{0,0,0,0,0}' NOT NULL
        CONSTRAINT rule_health_numbers_five CHECK (cardinality(numbers) = 5),
    value double precision DEFAULT 0 NOT NULL,
    attempts bigint DEFAULT 0 NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    -- What attempts up to base_seq came to, whose executions are past their retention.
    base_seq bigint DEFAULT 0 NOT NULL,
    base_numbers double precision[] DEFAULT '{0,0,0,0,0}' NOT NULL
        CONSTRAINT rule_health_base_five CHECK (cardinality(base_numbers) = 5),
    base_attempts bigint DEFAULT 0 NOT NULL,
    base_successes bigint DEFAULT 0 NOT NULL,
    -- Set by whatever changes an attempt already counted, or the policy: count from the base again.
    replay boolean DEFAULT false NOT NULL
);
CREATE INDEX rule_health_due_idx ON rule_health (rule) WHERE replay OR folded_seq < last_seq;
CREATE INDEX rule_health_value_idx ON rule_health (value, rule);

-- Rules by how they do; those without an attempt come last either way.
CREATE INDEX l1_rules_best_idx ON l1_rules ((COALESCE(
    success_count::double precision / NULLIF(success_count + failure_count, 0), -1
)), id);
CREATE INDEX l1_rules_worst_idx ON l1_rules ((COALESCE(
    success_count::double precision / NULLIF(success_count + failure_count, 0), 2
)), id);
CREATE INDEX l1_rules_matches_idx ON l1_rules (match_count, id);

ALTER TABLE rule_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_attempts FORCE ROW LEVEL SECURITY;
ALTER TABLE rule_health ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_health FORCE ROW LEVEL SECURITY;

CREATE POLICY rule_attempts_platform ON rule_attempts TO flywheel_operator, flywheel_loop
    USING (true) WITH CHECK (true);
CREATE POLICY rule_attempts_people ON rule_attempts FOR SELECT TO flywheel_client, flywheel_partner
    USING (site_id IN (SELECT s.id FROM sites s));
CREATE POLICY rule_health_platform ON rule_health TO flywheel_operator, flywheel_loop
    USING (true) WITH CHECK (true);
-- Whoever sees a rule sees how it does; counts of a platform rule name nobody.
CREATE POLICY rule_health_people ON rule_health FOR SELECT TO flywheel_client, flywheel_partner
    USING (rule IN (SELECT l.id FROM l1_rules l));
-- A partner who enables a rule of its own starts its health anew.
CREATE POLICY rule_health_start ON rule_health FOR INSERT TO flywheel_partner
    WITH CHECK (rule IN (SELECT l.id FROM l1_rules l WHERE l.scope <> 'platform'));
CREATE POLICY rule_health_restart ON rule_health FOR UPDATE TO flywheel_partner
    USING (rule IN (SELECT l.id FROM l1_rules l WHERE l.scope <> 'platform'))
    WITH CHECK (rule IN (SELECT l.id FROM l1_rules l WHERE l.scope <> 'platform'));

GRANT SELECT ON rule_attempts, rule_health
    TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT INSERT, UPDATE, DELETE ON rule_attempts TO flywheel_loop;
GRANT INSERT, UPDATE ON rule_health TO flywheel_loop, flywheel_operator, flywheel_partner;
-- A new alias finds attempts that were unresolved, in the operator's own transaction.
GRANT INSERT ON rule_attempts TO flywheel_operator;

-- A candidate is decided once, and anew when the rule that came of it was withdrawn: then for
-- another rule.
DROP INDEX promotions_one_decision_key;
CREATE UNIQUE INDEX promotions_one_decision_key ON promotions (pattern_id, rule)
    NULLS NOT DISTINCT WHERE pattern_id IS NOT NULL;
