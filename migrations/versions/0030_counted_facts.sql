-- What a fact counts as, said once: whoever sums these columns counts the same.
CREATE VIEW counted_facts WITH (security_invoker = true) AS
SELECT
    e.site_id, e.execution_id, e.revision, e.weight, e.received_at, e.evidence_at, e.occurred_at,
    e.xid, e.level, e.incident_type, e.hostname, e.reported_id, e.appliance_id,
    e.reported_appliance, e.error_category, e.outcome,
    e.chaos_campaign_id IS NOT NULL AS chaos,
    -- Somebody could know what came of it; a claim is worth nothing by itself.
    e.outcome NOT IN ('claimed_success', 'claimed_failure') AS known,
    CASE WHEN e.outcome = 'success' AND e.chaos_campaign_id IS NULL THEN e.weight ELSE 0 END
        AS successes,
    CASE
        WHEN e.outcome = 'success' AND e.verified AND e.chaos_campaign_id IS NULL THEN e.weight
        ELSE 0
    END AS verified_successes,
    CASE WHEN e.outcome = 'failure' AND e.chaos_campaign_id IS NULL THEN e.weight ELSE 0 END
        AS failures,
    CASE WHEN e.outcome = 'not_attempted' THEN e.weight ELSE 0 END AS not_attempted,
    CASE WHEN e.outcome = 'success' AND e.chaos_campaign_id IS NOT NULL THEN e.weight ELSE 0 END
        AS chaos_successes,
    CASE WHEN e.outcome = 'failure' AND e.chaos_campaign_id IS NOT NULL THEN e.weight ELSE 0 END
        AS chaos_failures,
    CASE WHEN e.outcome = 'claimed_success' THEN e.weight ELSE 0 END AS claimed_successes,
    CASE WHEN e.outcome = 'claimed_failure' THEN e.weight ELSE 0 END AS claimed_failures
FROM executions e;

GRANT SELECT ON counted_facts
    TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_appliance, flywheel_loop;

-- The enabled rules that a site gets for an incident type: what covers it. Who asks has the site
-- and its organization at hand; a statement plans this as a part of itself.
CREATE FUNCTION covering_rules(
    of_site uuid, of_organization uuid, of_partner uuid, of_tier text, of_type text
) RETURNS TABLE (
    id uuid, rule_id text, source text, scope text, priority integer, runbook_id text,
    conditions jsonb, severity_filter text[]
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        l.id, l.rule_id, l.source, l.scope, l.priority, l.runbook_id, l.conditions,
        l.severity_filter
    FROM l1_rules l
    WHERE l.incident_type = of_type
        AND l.enabled
        AND (l.tier IS NULL OR l.tier = 'standard' OR l.tier = of_tier)
        AND (
            l.scope = 'platform' OR l.site_id = of_site OR l.organization_id = of_organization
            OR l.partner_id = of_partner
        )
        AND NOT EXISTS (
            SELECT 1 FROM excluded_rules x WHERE x.rule = l.id AND x.site_id = of_site
        );
END;
