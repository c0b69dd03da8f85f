-- Whose evidence a platform pattern rests on. Asked where somebody looks, or a rule or a plan is near: a
-- pair's sites are summed up by organization and by partner, counts alone.
CREATE FUNCTION tenant_spread(of_type text, of_runbook text)
RETURNS TABLE (largest_organization bigint, partners bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        COALESCE(max(o.occurrences), 0)::bigint,
        count(DISTINCT o.partner_id) FILTER (WHERE o.occurrences > 0)
    FROM (
        SELECT g.partner_id, sum(t.since_successes + t.since_failures) AS occurrences
        FROM platform_pattern_sites t
        JOIN sites s ON s.id = t.site_id
        JOIN organizations g ON g.id = s.organization_id
        WHERE t.incident_type = of_type
            AND t.runbook_id = of_runbook
            AND g.contributes
        GROUP BY g.id
    ) o;
END;
