-- The owner, too, is under forced row-level security.
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints NO FORCE ROW LEVEL SECURITY;
DELETE FROM events WHERE kind = 'rule.quarantined';
UPDATE webhook_endpoints
SET kinds = array_remove(kinds, 'rule.quarantined')
WHERE kinds <> '{rule.quarantined}';
ALTER TABLE events FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'delivery.stuck', 'plan.waiting', 'loop.silent',
    'webhook.gone', 'webhook.test'
));
REVOKE UPDATE (replay) ON rule_health FROM flywheel_client;
DROP POLICY rule_health_exclusion ON rule_health;
REVOKE DELETE ON rule_deliveries FROM flywheel_loop;
DROP VIEW excluded_rules;
DROP TABLE rule_exclusions;
