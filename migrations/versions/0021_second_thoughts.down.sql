ALTER TABLE l1_rules DROP COLUMN label;
-- Not unique any more: a candidate may have been rejected twice.
DROP INDEX promotions_one_decision_key;
CREATE INDEX promotions_one_decision_key ON promotions (pattern_id, rule)
    WHERE pattern_id IS NOT NULL;
