DROP FUNCTION covering_rules(uuid, uuid, uuid, text, text);
DROP VIEW counted_facts;
