DROP FUNCTION drop_partition(text, text);
DROP FUNCTION ensure_partition(text, date, date);
DROP FUNCTION resolve_rule(uuid, text, text);
DROP FUNCTION resolved_rule(uuid, text, text);
DROP TABLE
    appliance_documents, log_lines, pattern_reports, incidents, audit_entries, audit_head,
    loop_runs, loop_leases, policies, rule_counts, platform_patterns, platform_pattern_sites,
    patterns, level_days, fold_marks, dropped_counts, corrections, execution_keys, executions, l1_rules,
    aliases, runbooks, signing_keys, api_keys, operators, appliances, sites, organizations, partners
    CASCADE;
DROP FUNCTION audit_chain();
DROP FUNCTION refuse_change();
DROP FUNCTION counts_suffice(
    bigint, bigint, bigint, bigint, bigint, bigint, bigint, numeric, boolean, boolean
);
DROP FUNCTION pattern_id_apart(uuid, text, text, text);
DROP FUNCTION pattern_id(uuid, text);
DROP FUNCTION pattern_signature(text, text, text);
GRANT USAGE ON SCHEMA public TO PUBLIC;
-- The roles stay: other databases of the cluster may use them.
