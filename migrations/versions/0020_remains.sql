-- What is known of rules that were switched off and of their files on appliances: that they ran since,
-- and that a person removed them. Without an appliance: one of the site's, and nobody said which.
CREATE TABLE rule_remains (
    rule uuid NOT NULL CONSTRAINT rule_remains_rule_fkey REFERENCES l1_rules (id),
    site_id uuid NOT NULL CONSTRAINT rule_remains_site_fkey REFERENCES sites (id),
    appliance_id uuid,
    -- The first and the newest L1 execution that was received after the rule was switched off.
    first_received_at timestamptz,
    last_received_at timestamptz,
    -- When the newest of them began, by its appliance's clock.
    last_began_at timestamptz,
    removed_at timestamptz,
    removed_by text,
    -- When this became an event; null once it is over.
    told_at timestamptz,
    CONSTRAINT rule_remains_place_key UNIQUE NULLS NOT DISTINCT (rule, site_id, appliance_id),
    CONSTRAINT rule_remains_appliance_fkey
        FOREIGN KEY (site_id, appliance_id) REFERENCES appliances (site_id, id) ON DELETE CASCADE,
    CONSTRAINT rule_remains_ran CHECK (
        num_nulls(first_received_at, last_received_at, last_began_at) IN (0, 3)
    ),
    CONSTRAINT rule_remains_removed_by_somebody CHECK ((removed_at IS NULL) = (removed_by IS NULL))
);
CREATE INDEX rule_remains_site_idx ON rule_remains (site_id);
CREATE INDEX rule_remains_received_idx ON rule_remains (last_received_at);
CREATE INDEX rule_remains_removed_idx ON rule_remains (removed_at);
ALTER TABLE rule_remains ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_remains FORCE ROW LEVEL SECURITY;
CREATE POLICY rule_remains_platform ON rule_remains TO flywheel_operator, flywheel_loop
    USING (true) WITH CHECK (true);
CREATE POLICY rule_remains_people ON rule_remains TO flywheel_client, flywheel_partner
    USING (site_id IN (SELECT s.id FROM sites s))
    WITH CHECK (site_id IN (SELECT s.id FROM sites s));
GRANT SELECT ON rule_remains TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT INSERT ON rule_remains TO flywheel_partner, flywheel_operator, flywheel_loop;
GRANT UPDATE (removed_at, removed_by, told_at) ON rule_remains TO flywheel_partner, flywheel_operator;
GRANT UPDATE ON rule_remains TO flywheel_loop;


-- What is switched off, for the fold that looks for executions of it.
CREATE INDEX l1_rules_off_idx ON l1_rules (id) WHERE NOT enabled;

ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'rule.remains', 'rule.quarantined', 'delivery.stuck',
    'plan.waiting', 'loop.silent',
    'webhook.gone', 'webhook.test'
));
