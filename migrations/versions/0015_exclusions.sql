-- A platform rule that one tenant does not get while all others keep it: the tenant declined it, or the
-- evidence against it is this tenant's alone.
CREATE TABLE rule_exclusions (
    id uuid DEFAULT uuidv7() CONSTRAINT rule_exclusions_pkey PRIMARY KEY,
    rule uuid NOT NULL CONSTRAINT rule_exclusions_rule_fkey REFERENCES l1_rules (id),
    -- Whose sites lose it: an organization's, or all of a partner's.
    partner_id uuid NOT NULL CONSTRAINT rule_exclusions_partner_fkey REFERENCES partners (id),
    organization_id uuid
        CONSTRAINT rule_exclusions_organization_fkey REFERENCES organizations (id),
    kind text NOT NULL CONSTRAINT rule_exclusions_kind_known CHECK (
        kind IN ('quarantined', 'declined')
    ),
    reason text NOT NULL CONSTRAINT rule_exclusions_reason_length CHECK (
        char_length(reason) BETWEEN 1 AND 2000
    ),
    began_by text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    CONSTRAINT rule_exclusions_ended_whole CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
-- One of each kind in force for a tenant; an organization's beside its partner's is no contradiction.
CREATE UNIQUE INDEX rule_exclusions_in_force_key
    ON rule_exclusions (rule, partner_id, organization_id, kind) NULLS NOT DISTINCT
    WHERE ended_at IS NULL;
CREATE INDEX rule_exclusions_ended_idx ON rule_exclusions (ended_at);

ALTER TABLE rule_exclusions ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_exclusions FORCE ROW LEVEL SECURITY;
CREATE POLICY rule_exclusions_platform ON rule_exclusions TO flywheel_operator, flywheel_loop
    USING (true) WITH CHECK (true);
CREATE POLICY rule_exclusions_partner ON rule_exclusions TO flywheel_partner
    USING (partner_id = current_setting('flywheel.partner_id')::uuid)
    WITH CHECK (
        partner_id = current_setting('flywheel.partner_id')::uuid
        AND (organization_id IS NULL OR organization_id IN (SELECT o.id FROM organizations o))
    );
CREATE POLICY rule_exclusions_client ON rule_exclusions TO flywheel_client
    USING (
        organization_id = current_setting('flywheel.organization_id')::uuid
        OR organization_id IS NULL AND partner_id IN (SELECT o.partner_id FROM organizations o)
    )
    WITH CHECK (organization_id = current_setting('flywheel.organization_id')::uuid);
CREATE POLICY rule_exclusions_appliance ON rule_exclusions FOR SELECT TO flywheel_appliance
    USING (
        organization_id IN (SELECT o.id FROM organizations o)
        OR organization_id IS NULL AND partner_id IN (SELECT o.partner_id FROM organizations o)
    );
GRANT SELECT ON rule_exclusions
    TO flywheel_appliance, flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT INSERT ON rule_exclusions
    TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT UPDATE (ended_by, ended_at) ON rule_exclusions
    TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;

-- By site; the reader's own row-level security decides which.
CREATE VIEW excluded_rules WITH (security_invoker = true) AS
SELECT x.rule, s.id AS site_id
FROM rule_exclusions x
JOIN organizations o
    ON o.id = x.organization_id OR x.organization_id IS NULL AND o.partner_id = x.partner_id
JOIN sites s ON s.organization_id = o.id
WHERE x.ended_at IS NULL;
GRANT SELECT ON excluded_rules
    TO flywheel_appliance, flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;

-- What a tenant does not get any more is waited for no longer.
GRANT DELETE ON rule_deliveries TO flywheel_loop;
-- Attempts of an excluded tenant count no more, or count again: people of a tenant may say so.
CREATE POLICY rule_health_exclusion ON rule_health FOR UPDATE TO flywheel_client, flywheel_partner
    USING (rule IN (SELECT x.rule FROM rule_exclusions x))
    WITH CHECK (rule IN (SELECT x.rule FROM rule_exclusions x));
GRANT UPDATE (replay) ON rule_health TO flywheel_client;

ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'rule.quarantined', 'delivery.stuck', 'plan.waiting', 'loop.silent',
    'webhook.gone', 'webhook.test'
));
