-- What each site writes, so that one cannot fill the platform for the others.

-- By day (UTC) and kind of traffic: processes add what they counted every few seconds.
CREATE TABLE site_usage (
    site_id uuid NOT NULL CONSTRAINT site_usage_site_fkey REFERENCES sites (id),
    day date NOT NULL,
    kind text NOT NULL CONSTRAINT site_usage_kind_known
        CHECK (kind IN ('executions', 'logs', 'evidence', 'reports')),
    bytes bigint NOT NULL,
    items bigint NOT NULL,
    -- What passed a quota.
    refused bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT site_usage_pkey PRIMARY KEY (site_id, day, kind)
);
CREATE INDEX site_usage_day_idx ON site_usage (day);

-- Rows that a site has, as the loop counted them last.
CREATE TABLE site_rows (
    site_id uuid NOT NULL CONSTRAINT site_rows_site_fkey REFERENCES sites (id),
    kind text NOT NULL CONSTRAINT site_rows_kind_known
        CHECK (kind IN ('hosts', 'incident_types', 'patterns', 'open_incidents')),
    counted bigint NOT NULL,
    counted_at timestamptz NOT NULL,
    CONSTRAINT site_rows_pkey PRIMARY KEY (site_id, kind)
);

-- Pairs whose gates are open, but which found no room for a rule in the loop's last turn.
CREATE TABLE platform_backlog (
    single boolean DEFAULT true NOT NULL CONSTRAINT platform_backlog_pkey PRIMARY KEY
        CONSTRAINT platform_backlog_one CHECK (single),
    waiting bigint NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['site_usage', 'site_rows', 'platform_backlog']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
    END LOOP;
    FOREACH t IN ARRAY ARRAY['site_usage', 'site_rows']
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I FOR SELECT TO flywheel_client, flywheel_partner '
            'USING (site_id IN (SELECT s.id FROM sites s))', t || '_people', t
        );
    END LOOP;
END
$$;
GRANT SELECT ON site_usage, site_rows TO flywheel_partner, flywheel_operator, flywheel_loop;
GRANT SELECT ON platform_backlog TO flywheel_operator, flywheel_loop;
GRANT INSERT, UPDATE ON site_usage, site_rows, platform_backlog TO flywheel_loop;
GRANT DELETE ON site_usage TO flywheel_loop;
