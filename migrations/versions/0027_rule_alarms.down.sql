DROP TABLE rule_alarms;
-- The owner, too, is under forced row-level security.
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints NO FORCE ROW LEVEL SECURITY;
DELETE FROM events WHERE kind = 'rule.evidence_gone';
UPDATE webhook_endpoints
SET kinds = array_remove(kinds, 'rule.evidence_gone')
WHERE kinds <> '{rule.evidence_gone}';
ALTER TABLE events FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE events DROP CONSTRAINT events_kind_known;
ALTER TABLE events ADD CONSTRAINT events_kind_known CHECK (kind IN (
    'candidate.eligible', 'candidate.endorsed', 'candidate.approved', 'candidate.rejected',
    'rule.promoted', 'rule.withdrawn', 'rule.remains', 'rule.quarantined', 'rule.declined',
    'rule.returned', 'delivery.stuck', 'plan.waiting', 'loop.silent', 'webhook.gone', 'webhook.test'
));
