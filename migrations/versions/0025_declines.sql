-- Tenants decline platform rules for themselves, and what was taken from one comes back.
ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'rule.remains', 'rule.quarantined', 'rule.declined',
    'rule.returned', 'delivery.stuck', 'plan.waiting', 'loop.silent', 'webhook.gone', 'webhook.test'
));

-- Of a tenant's attempts those count that began after it got the rule back: what it was taken away for
-- would take it away again at once.
CREATE VIEW unheard_attempts WITH (security_invoker = true) AS
SELECT x.rule, s.id AS site_id, max(COALESCE(x.ended_at, 'infinity')) AS until
FROM rule_exclusions x
JOIN organizations o
    ON o.id = x.organization_id OR x.organization_id IS NULL AND o.partner_id = x.partner_id
JOIN sites s ON s.organization_id = o.id
GROUP BY x.rule, s.id;
GRANT SELECT ON unheard_attempts
    TO flywheel_appliance, flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
