REVOKE SELECT ON signing_keys FROM flywheel_loop;
DROP FUNCTION rule_covered(uuid, uuid);
DROP TABLE rule_deliveries, rule_syncs, rule_sets, orders;
DROP FUNCTION orders_guard();
ALTER TABLE appliances DROP CONSTRAINT appliances_site_id_key;
