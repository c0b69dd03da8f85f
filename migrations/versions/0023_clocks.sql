-- Appliances whose clock is more than a day off, as long as it is. Without an appliance: one of the
-- site's, and what it sends does not say which.
CREATE TABLE clock_skews (
    site_id uuid NOT NULL,
    appliance_id uuid,
    -- Ahead; behind is negative.
    skew_seconds bigint NOT NULL,
    since timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT clock_skews_key UNIQUE NULLS NOT DISTINCT (site_id, appliance_id),
    CONSTRAINT clock_skews_site_fkey FOREIGN KEY (site_id) REFERENCES sites (id),
    CONSTRAINT clock_skews_appliance_fkey FOREIGN KEY (appliance_id)
        REFERENCES appliances (id) ON DELETE CASCADE
);
CREATE INDEX clock_skews_appliance_idx ON clock_skews (appliance_id);
ALTER TABLE clock_skews ENABLE ROW LEVEL SECURITY;
ALTER TABLE clock_skews FORCE ROW LEVEL SECURITY;
CREATE POLICY clock_skews_appliance ON clock_skews TO flywheel_appliance
    USING (site_id = current_setting('flywheel.site_id')::uuid)
    WITH CHECK (site_id = current_setting('flywheel.site_id')::uuid);
CREATE POLICY clock_skews_people ON clock_skews TO flywheel_client, flywheel_partner
    USING (site_id IN (SELECT s.id FROM sites s))
    WITH CHECK (site_id IN (SELECT s.id FROM sites s));
CREATE POLICY clock_skews_platform ON clock_skews TO flywheel_operator, flywheel_loop
    USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON clock_skews TO flywheel_appliance;
GRANT SELECT ON clock_skews TO flywheel_client, flywheel_partner, flywheel_operator;
GRANT SELECT, DELETE ON clock_skews TO flywheel_loop;

-- Resolutions that came before their report: the report within a minute is resolved by them.
CREATE TABLE early_resolutions (
    site_id uuid NOT NULL,
    hostname text NOT NULL,
    check_type text NOT NULL,
    resolved_at timestamptz NOT NULL,
    resolution_tier text,
    resolution_action text,
    CONSTRAINT early_resolutions_pkey PRIMARY KEY (site_id, hostname, check_type),
    CONSTRAINT early_resolutions_site_fkey FOREIGN KEY (site_id) REFERENCES sites (id)
);
ALTER TABLE early_resolutions ENABLE ROW LEVEL SECURITY;
ALTER TABLE early_resolutions FORCE ROW LEVEL SECURITY;
CREATE POLICY early_resolutions_appliance ON early_resolutions TO flywheel_appliance
    USING (site_id = current_setting('flywheel.site_id')::uuid)
    WITH CHECK (site_id = current_setting('flywheel.site_id')::uuid);
CREATE POLICY early_resolutions_platform ON early_resolutions TO flywheel_loop
    USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON early_resolutions TO flywheel_appliance;
GRANT SELECT, DELETE ON early_resolutions TO flywheel_loop;

-- Failures before a runbook could have run, in words that are not known: listed for operators.
CREATE INDEX executions_unclassified_idx ON executions (received_at)
    WHERE error_category = 'unclassified';
