REVOKE UPDATE (replay) ON rule_health FROM flywheel_client;
DROP POLICY rule_health_exclusion ON rule_health;
REVOKE DELETE ON rule_deliveries FROM flywheel_loop;
DROP VIEW excluded_rules;
DROP TABLE rule_exclusions;
