REVOKE SELECT (site_id, appliance_id, digest) ON api_keys FROM flywheel_loop;
REVOKE UPDATE (appliance_id) ON plans, api_keys FROM flywheel_loop;
REVOKE UPDATE ON pattern_reports, appliance_documents FROM flywheel_loop;
REVOKE INSERT ON evidence_keys FROM flywheel_loop;
REVOKE UPDATE (appliance_id, state, decided_at, decided_by) ON evidence_keys FROM flywheel_loop;
-- Deletes of rule deliveries were granted by 0015 already.
REVOKE DELETE ON appliance_identities, rule_syncs, pattern_reports, appliance_documents,
    evidence_keys FROM flywheel_loop;
REVOKE UPDATE (
    mac, agent_public_key, hostname, removed_at, removed_by, merged_into
) ON appliances FROM flywheel_loop;
REVOKE INSERT ON appliances FROM flywheel_loop;
DROP TABLE shared_macs, appliance_identities;
DROP INDEX appliances_merged_idx;
DROP INDEX appliances_site_mac_key;
-- One of those that share a MAC may have it, and only one that was never removed.
UPDATE appliances
SET mac = NULL
WHERE removed_at IS NOT NULL
    OR length(mac) <> 17;
ALTER TABLE appliances
    DROP CONSTRAINT appliances_merged_into_fkey,
    DROP CONSTRAINT appliances_merged_is_removed,
    DROP CONSTRAINT appliances_removed_by_someone,
    DROP COLUMN merged_into,
    DROP COLUMN removed_by,
    DROP COLUMN removed_at,
    DROP COLUMN reported_mac;
ALTER TABLE appliances DROP CONSTRAINT appliances_mac_form;
ALTER TABLE appliances ADD CONSTRAINT appliances_mac_form
    CHECK (mac ~ '^([0-9A-F]{2}:){5}[0-9A-F]{2}$');
CREATE UNIQUE INDEX appliances_site_mac_key ON appliances (site_id, mac) WHERE mac IS NOT NULL;
