-- Which services outside of the platform fail now; a row goes when its service works again.
CREATE TABLE service_failures (
    service text CONSTRAINT service_failures_pkey PRIMARY KEY
        CONSTRAINT service_failures_service_known CHECK (service IN ('mail', 'planner')),
    since timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    failures bigint NOT NULL CONSTRAINT service_failures_counted CHECK (failures > 0),
    -- What it said, without secrets.
    reason text NOT NULL
        CONSTRAINT service_failures_reason_length CHECK (char_length(reason) <= 400)
);
ALTER TABLE service_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_failures FORCE ROW LEVEL SECURITY;
CREATE POLICY service_failures_platform ON service_failures
    TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);
GRANT SELECT ON service_failures TO flywheel_operator, flywheel_loop;
GRANT INSERT, UPDATE, DELETE ON service_failures TO flywheel_loop;
