REVOKE UPDATE (contributes, contributes_changed_at) ON organizations FROM flywheel_client;
REVOKE UPDATE (desired_l2_mode) ON appliances FROM flywheel_partner;
REVOKE UPDATE (enabled, disabled_reason, enabled_changed_at, withdrawn_at) ON l1_rules
    FROM flywheel_partner;
REVOKE INSERT (
    rule_id, source, scope, site_id, incident_type, runbook_id, name, description, conditions,
    action, action_params, hipaa_controls, severity_filter, priority, cooldown_seconds, max_retries,
    partner_id, organization_id, tier
) ON l1_rules FROM flywheel_client, flywheel_partner;
REVOKE UPDATE (state, state_changed_at, due_at) ON patterns FROM flywheel_client, flywheel_partner;
REVOKE SELECT ON corrections FROM flywheel_client, flywheel_partner;
REVOKE SELECT (version, values) ON policies FROM flywheel_client, flywheel_partner;
DROP POLICY policies_partner ON policies;
DROP POLICY policies_client ON policies;
DROP POLICY l1_rules_switched ON l1_rules;
DROP POLICY l1_rules_promoted ON l1_rules;
DROP INDEX l1_rules_site_pair_key;
DROP TABLE idempotency_keys;
DROP TABLE endorsements;
DROP TABLE promotions;
