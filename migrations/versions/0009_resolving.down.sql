REVOKE UPDATE ON dropped_counts FROM flywheel_operator;
ALTER INDEX rule_attempts_received_idx RESET (autosummarize);
ALTER INDEX execution_keys_received_idx RESET (autosummarize);
UPDATE platform_patterns
SET since_largest_organization = largest_organization(incident_type, runbook_id);
DROP FUNCTION largest_organization(text, text);
DROP FUNCTION resolved_everywhere(text, text);
CREATE OR REPLACE FUNCTION resolved_rule(of_site uuid, of_type text, reported text)
RETURNS TABLE (rule uuid) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT COALESCE(
        (
            SELECT l.id
            FROM l1_rules l
            JOIN sites s ON s.id = of_site
            JOIN organizations o ON o.id = s.organization_id
            WHERE l.rule_id
                = COALESCE((SELECT a.rule_id FROM aliases a WHERE a.alias = reported), reported)
                AND (l.tier IS NULL OR l.tier = 'standard' OR l.tier = s.healing_tier)
                AND (
                    l.scope = 'platform' OR l.site_id = s.id OR l.organization_id = o.id
                    OR l.partner_id = o.partner_id
                )
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
            JOIN l1_rules l ON l.incident_type = of_type AND l.runbook_id = a.runbook_id
            JOIN sites s ON s.id = of_site
            JOIN organizations o ON o.id = s.organization_id
            WHERE a.alias = reported
                AND (l.tier IS NULL OR l.tier = 'standard' OR l.tier = s.healing_tier)
                AND (
                    l.scope = 'platform' OR l.site_id = s.id OR l.organization_id = o.id
                    OR l.partner_id = o.partner_id
                )
        )
    ) AS rule;
END;
DROP INDEX l1_rules_incident_type_idx;
DROP INDEX l1_rules_rule_id_idx;
CREATE INDEX l1_rules_incident_type_idx ON l1_rules (incident_type);
CREATE INDEX l1_rules_rule_id_idx ON l1_rules (rule_id);
ALTER TABLE l1_rules DROP COLUMN scope_id;
