-- A rejection may be reopened, so a candidate may be rejected again; two approvals of the same rule
-- stay impossible. Deciding takes the pattern's lock, and looks at its state under it.
DROP INDEX promotions_one_decision_key;
CREATE UNIQUE INDEX promotions_one_decision_key ON promotions (pattern_id, rule)
    WHERE pattern_id IS NOT NULL AND rule IS NOT NULL;

-- What people call a rule now; its name on appliances stays, and so does the set that has it.
ALTER TABLE l1_rules
    ADD COLUMN label text CONSTRAINT l1_rules_label_length CHECK (char_length(label) BETWEEN 1 AND 200);
GRANT UPDATE (label) ON l1_rules TO flywheel_partner, flywheel_operator;
