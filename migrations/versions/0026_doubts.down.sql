ALTER TABLE platform_backlog DROP COLUMN asked, DROP COLUMN asked_since;
DROP FUNCTION pair_doubts(text, text, timestamptz);
DROP TABLE platform_approvals;
DROP INDEX l1_rules_lookalike_idx;
DROP INDEX platform_patterns_lookalike_idx;
DROP FUNCTION lookalike_key(text);
