-- What a person has to look at about a rule: it was withdrawn, taken from one tenant, or what it was
-- learnt from is gone. The alarm ends with a person's answer, or with what it is about.
CREATE TABLE rule_alarms (
    id uuid DEFAULT uuidv7() CONSTRAINT rule_alarms_pkey PRIMARY KEY,
    rule uuid NOT NULL CONSTRAINT rule_alarms_rule_fkey REFERENCES l1_rules (id),
    kind text NOT NULL CONSTRAINT rule_alarms_kind_known CHECK (
        kind IN ('withdrawn', 'quarantined', 'evidence_gone')
    ),
    -- Whose it is; nobody's: the platform's.
    partner_id uuid CONSTRAINT rule_alarms_partner_fkey REFERENCES partners (id),
    organization_id uuid CONSTRAINT rule_alarms_organization_fkey REFERENCES organizations (id),
    site_id uuid CONSTRAINT rule_alarms_site_fkey REFERENCES sites (id),
    reason text NOT NULL CONSTRAINT rule_alarms_reason_length CHECK (
        char_length(reason) BETWEEN 1 AND 2000
    ),
    began_at timestamptz NOT NULL,
    answered_by text,
    answered_at timestamptz,
    answer text CONSTRAINT rule_alarms_answer_length CHECK (char_length(answer) BETWEEN 1 AND 2000),
    -- When what it is about ended: answered or not, it is not told again before.
    over_at timestamptz,
    CONSTRAINT rule_alarms_answered_whole CHECK (
        (answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (answer IS NULL)
    ),
    CONSTRAINT rule_alarms_whole_tenancy CHECK (
        (site_id IS NULL OR organization_id IS NOT NULL)
        AND (organization_id IS NULL OR partner_id IS NOT NULL)
    )
);
CREATE UNIQUE INDEX rule_alarms_lasting_key
    ON rule_alarms (rule, kind, partner_id, organization_id) NULLS NOT DISTINCT
    WHERE over_at IS NULL;
CREATE INDEX rule_alarms_open_idx ON rule_alarms (began_at)
    WHERE over_at IS NULL AND answered_at IS NULL;

ALTER TABLE rule_alarms ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_alarms FORCE ROW LEVEL SECURITY;
CREATE POLICY rule_alarms_platform ON rule_alarms TO flywheel_operator, flywheel_loop
    USING (true) WITH CHECK (true);
CREATE POLICY rule_alarms_partner ON rule_alarms TO flywheel_partner
    USING (partner_id = current_setting('flywheel.partner_id')::uuid)
    WITH CHECK (partner_id = current_setting('flywheel.partner_id')::uuid);
-- An organization's people see those of the rules of its own sites.
CREATE POLICY rule_alarms_client ON rule_alarms TO flywheel_client
    USING (
        site_id IS NOT NULL
        AND organization_id = current_setting('flywheel.organization_id')::uuid
    )
    WITH CHECK (
        site_id IS NOT NULL
        AND organization_id = current_setting('flywheel.organization_id')::uuid
    );
GRANT SELECT ON rule_alarms TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT INSERT ON rule_alarms TO flywheel_operator, flywheel_loop;
GRANT UPDATE (answered_by, answered_at, answer, over_at) ON rule_alarms
    TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;

ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'rule.remains', 'rule.quarantined', 'rule.declined',
    'rule.returned', 'rule.evidence_gone', 'delivery.stuck', 'plan.waiting', 'loop.silent',
    'webhook.gone', 'webhook.test'
));
