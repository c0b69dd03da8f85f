-- Ids that can mean nothing, set aside by an operator with a reason. They leave the alarm, and come
-- back when many more executions are kept under them.
CREATE TABLE set_aside_ids (
    reported_id text NOT NULL,
    level text NOT NULL,
    -- How many executions were kept under it by then, and with how many it is an alarm again.
    executions bigint NOT NULL,
    comes_back_at bigint NOT NULL,
    reason text NOT NULL,
    set_aside_by text NOT NULL,
    set_aside_at timestamptz NOT NULL,
    CONSTRAINT set_aside_ids_pkey PRIMARY KEY (reported_id, level),
    CONSTRAINT set_aside_ids_level_known CHECK (level IN ('L1', 'L2')),
    CONSTRAINT set_aside_ids_executions_counted CHECK (executions >= 0),
    CONSTRAINT set_aside_ids_comes_back_later CHECK (comes_back_at > executions),
    CONSTRAINT set_aside_ids_reason_given CHECK (reason <> '')
);
ALTER TABLE set_aside_ids ENABLE ROW LEVEL SECURITY;
ALTER TABLE set_aside_ids FORCE ROW LEVEL SECURITY;
CREATE POLICY set_aside_ids_platform ON set_aside_ids TO flywheel_operator, flywheel_loop
    USING (true) WITH CHECK (true);
GRANT SELECT ON set_aside_ids TO flywheel_operator, flywheel_loop;
GRANT INSERT, UPDATE, DELETE ON set_aside_ids TO flywheel_operator;

-- Which compiled rule of an unknown check type runs a runbook.
CREATE INDEX l1_rules_builtin_runbook_idx ON l1_rules (runbook_id) WHERE source = 'builtin';

-- Whether daemons alone are at a site, which fetch no rules: what their compiled rules do is never
-- the work of a synced one. Null where no appliance has checked in.
CREATE FUNCTION daemons_alone(of_site uuid)
RETURNS boolean LANGUAGE sql STABLE
RETURN (
    SELECT bool_and(a.agent_version ~ '^v?0+([^0-9]|$)')
    FROM appliances a
    WHERE a.site_id = of_site
);

-- As in 0009, but of two rules that answer, the one that the agent really has. Rules are named by
-- their runbook by the newer daemon alone, which has no synced rules. A compiled rule of an unknown
-- check type answers for its runbook where no other rule is for the incident type.
CREATE OR REPLACE FUNCTION resolved_rule(of_site uuid, of_type text, reported text)
RETURNS TABLE (rule uuid) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT COALESCE(
        (
            SELECT l.id
            FROM sites s
            JOIN organizations o ON o.id = s.organization_id
            JOIN l1_rules l
                ON l.rule_id
                    = COALESCE((SELECT a.rule_id FROM aliases a WHERE a.alias = reported), reported)
                AND l.scope_id = ANY (
                    ARRAY[s.id, o.id, o.partner_id, '00000000-0000-0000-0000-000000000000']
                )
            WHERE s.id = of_site
                AND (l.tier IS NULL OR l.tier = 'standard' OR l.tier = s.healing_tier)
            ORDER BY
                l.incident_type = of_type DESC,
                array_position(ARRAY['site', 'organization', 'partner', 'platform'], l.scope),
                CASE l.source
                    WHEN 'builtin' THEN CASE WHEN daemons_alone(of_site) THEN 1 ELSE 3 END
                    WHEN 'synced' THEN 2
                    ELSE 0
                END,
                l.id
            LIMIT 1
        ),
        (
            SELECT
                CASE
                    WHEN count(*) FILTER (WHERE l.enabled AND l.source <> 'synced') = 1
                        THEN (array_agg(l.id) FILTER (WHERE l.enabled AND l.source <> 'synced'))[1]
                    -- Switched off, and still on the appliance.
                    WHEN count(*) FILTER (WHERE l.source <> 'synced') = 1
                        AND (count(*) FILTER (WHERE l.enabled) = 0 OR daemons_alone(of_site))
                        THEN (array_agg(l.id) FILTER (WHERE l.source <> 'synced'))[1]
                    WHEN count(*) FILTER (WHERE l.enabled) = 1
                        THEN (array_agg(l.id) FILTER (WHERE l.enabled))[1]
                    WHEN count(*) = 1 THEN (array_agg(l.id))[1]
                    WHEN count(*) = 0 THEN (
                        SELECT CASE WHEN count(*) = 1 THEN (array_agg(c.id))[1] END
                        FROM aliases b
                        JOIN l1_rules c ON c.runbook_id = b.runbook_id
                        WHERE b.alias = reported
                            AND c.source = 'builtin'
                            AND starts_with(c.incident_type, 'compiled:')
                    )
                END
            FROM aliases a
            JOIN sites s ON s.id = of_site
            JOIN organizations o ON o.id = s.organization_id
            JOIN l1_rules l
                ON l.incident_type = of_type
                AND l.runbook_id = a.runbook_id
                AND l.scope_id = ANY (
                    ARRAY[s.id, o.id, o.partner_id, '00000000-0000-0000-0000-000000000000']
                )
            WHERE a.alias = reported
                AND (l.tier IS NULL OR l.tier = 'standard' OR l.tier = s.healing_tier)
        )
    ) AS rule;
END;

-- As in 0009, but where a compiled and a synced rule could be meant, the answer depends on the site.
CREATE OR REPLACE FUNCTION resolved_everywhere(of_type text, reported text)
RETURNS TABLE (rule uuid) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.rule
    FROM (SELECT s.id FROM sites s LIMIT 1) AS any_site
    CROSS JOIN LATERAL resolved_rule(any_site.id, of_type, reported) r
    WHERE NOT EXISTS (
            SELECT 1
            FROM l1_rules l
            WHERE l.rule_id
                = COALESCE((SELECT a.rule_id FROM aliases a WHERE a.alias = reported), reported)
                AND (
                    l.scope <> 'platform' OR l.tier <> 'standard'
                    OR l.source = 'synced' AND EXISTS (
                        SELECT 1
                        FROM l1_rules c
                        WHERE c.rule_id = l.rule_id AND c.source = 'builtin'
                    )
                )
        )
        AND NOT EXISTS (
            SELECT 1
            FROM aliases a
            JOIN l1_rules l ON l.incident_type = of_type AND l.runbook_id = a.runbook_id
            WHERE a.alias = reported
                AND (l.scope <> 'platform' OR l.tier <> 'standard' OR l.source = 'synced')
        );
END;
