DROP TABLE set_aside_ids;
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
DROP FUNCTION daemons_alone(uuid);
DROP INDEX l1_rules_builtin_runbook_idx;
