-- Inserts of executions and corrections were granted by 0014 already.
REVOKE INSERT ON heal_proofs FROM flywheel_loop;
REVOKE UPDATE (position, chain_hash, received_at) ON evidence_heads FROM flywheel_loop;
REVOKE INSERT ON evidence_bundles, evidence_heads FROM flywheel_loop;
REVOKE UPDATE (seen_at) ON evidence_keys FROM flywheel_loop;
REVOKE UPDATE (appliance_id, seen_at) ON evidence_keys FROM flywheel_appliance;
DROP TABLE evidence_drops, evidence_waiting;
ALTER TABLE evidence_bundles DROP COLUMN waited_since;
DROP INDEX evidence_keys_unknown_key;
ALTER TABLE evidence_keys DROP CONSTRAINT evidence_keys_active_is_someones;
DELETE FROM evidence_keys WHERE appliance_id IS NULL;
ALTER TABLE evidence_keys ALTER COLUMN appliance_id SET NOT NULL;
