-- The owner, too, is under forced row-level security.
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints NO FORCE ROW LEVEL SECURITY;
DELETE FROM events WHERE kind = 'webhook.gone';
UPDATE webhook_endpoints
SET kinds = array_remove(kinds, 'webhook.gone')
WHERE kinds <> '{webhook.gone}';
ALTER TABLE events FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'delivery.stuck', 'plan.waiting', 'loop.silent',
    'webhook.test'
));
DROP TRIGGER webhook_endpoints_keep_old_secret ON webhook_endpoints;
DROP FUNCTION keep_old_secret();
DROP TABLE webhook_old_secrets;
REVOKE UPDATE (enabled) ON webhook_endpoints FROM flywheel_loop;
REVOKE UPDATE (secret) ON webhook_endpoints FROM flywheel_partner, flywheel_operator;
ALTER TABLE webhook_endpoints DROP COLUMN overlap_until;
ALTER TABLE webhook_endpoints DROP COLUMN not_before;
ALTER TABLE webhook_endpoints DROP COLUMN gone_at;
