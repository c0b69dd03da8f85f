-- Whose a rule is: its site, organization or partner; zeros for everybody's. One value to find the
-- rules of a site by, however many others there are with the same id, or for the same incident.
ALTER TABLE l1_rules ADD COLUMN scope_id uuid NOT NULL GENERATED ALWAYS AS (
    COALESCE(site_id, organization_id, partner_id, '00000000-0000-0000-0000-000000000000')
) STORED;
DROP INDEX l1_rules_rule_id_idx;
DROP INDEX l1_rules_incident_type_idx;
CREATE INDEX l1_rules_rule_id_idx ON l1_rules (rule_id, scope_id);
CREATE INDEX l1_rules_incident_type_idx ON l1_rules (incident_type, scope_id);

-- As in 0001, by that value.
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
                l.source = 'builtin',
                l.id
            LIMIT 1
        ),
        (
            SELECT
                CASE
                    WHEN count(*) FILTER (WHERE l.enabled) = 1
                        THEN (array_agg(l.id) FILTER (WHERE l.enabled))[1]
                    WHEN count(*) = 1 THEN (array_agg(l.id))[1]
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

-- The rule that an L1 execution means on whatever site it comes from: one row where every rule that
-- could be meant is for every site, none where the answer depends on the site.
CREATE FUNCTION resolved_everywhere(of_type text, reported text)
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
                AND (l.scope <> 'platform' OR l.tier <> 'standard')
        )
        AND NOT EXISTS (
            SELECT 1
            FROM aliases a
            JOIN l1_rules l ON l.incident_type = of_type AND l.runbook_id = a.runbook_id
            WHERE a.alias = reported
                AND (l.scope <> 'platform' OR l.tier <> 'standard')
        );
END;

-- How many occurrences of a pair its largest organization supplied since the pair counts. Asked where
-- somebody looks, or a rule is near: kept in `platform_patterns`, it would have every turn sum up the
-- sites of every pair that something happened to. There the column stays for servers of the release
-- before, never less than this, and for them alone.
CREATE FUNCTION largest_organization(of_type text, of_runbook text)
RETURNS bigint LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT COALESCE(max(o.occurrences), 0)::bigint
    FROM (
        SELECT sum(t.since_successes + t.since_failures) AS occurrences
        FROM platform_pattern_sites t
        JOIN sites s ON s.id = t.site_id
        JOIN organizations g ON g.id = s.organization_id
        WHERE t.incident_type = of_type
            AND t.runbook_id = of_runbook
            AND g.contributes
        GROUP BY g.id
    ) o;
END;

-- What is new since the last vacuum is not in such an index, and would be read whole in every turn.
ALTER INDEX execution_keys_received_idx SET (autosummarize = on);
ALTER INDEX rule_attempts_received_idx SET (autosummarize = on);

-- An operator's alias moves the platform's counts, those of dropped partitions, too.
GRANT UPDATE ON dropped_counts TO flywheel_operator;
