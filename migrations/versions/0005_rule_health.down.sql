-- The older index would refuse what was decided anew: it comes back as it was without its promise.
DROP INDEX promotions_one_decision_key;
CREATE INDEX promotions_one_decision_key ON promotions (pattern_id);
DROP INDEX l1_rules_best_idx, l1_rules_worst_idx, l1_rules_matches_idx;
DROP TABLE rule_attempts, rule_health CASCADE;
