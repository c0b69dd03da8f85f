DROP VIEW unheard_attempts;
-- The owner, too, is under forced row-level security.
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints NO FORCE ROW LEVEL SECURITY;
DELETE FROM events WHERE kind IN ('rule.declined', 'rule.returned');
UPDATE webhook_endpoints
SET kinds = array_remove(array_remove(kinds, 'rule.declined'), 'rule.returned')
WHERE NOT kinds <@ '{rule.declined,rule.returned}';
ALTER TABLE events FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'rule.remains', 'rule.quarantined', 'delivery.stuck',
    'plan.waiting', 'loop.silent',
    'webhook.gone', 'webhook.test'
));
