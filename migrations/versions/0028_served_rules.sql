-- Only who was served a rule can have run it: by a sync, by an order, or by its own report.
CREATE FUNCTION was_served(of_site uuid, of_rule uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT 1
    FROM rule_deliveries d
    WHERE d.rule = of_rule
        AND d.site_id = of_site
        AND (d.carried_at IS NOT NULL OR d.delivered_by IN ('order', 'sync', 'report'))
)
OR EXISTS (
    SELECT 1
    FROM rule_syncs y
    JOIN rule_sets t ON t.hash = y.hash
    JOIN l1_rules l ON l.id = of_rule
    WHERE y.site_id = of_site
        AND l.rule_id = ANY (t.rule_ids)
);
