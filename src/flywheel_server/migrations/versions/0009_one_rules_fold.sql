-- What L1 did is folded in one statement, with one mark. Counts were folded first, so theirs is the
-- older one: attempts that it takes again are known by their executions, and change nothing.
DELETE FROM fold_marks WHERE fold = 'rule_attempts';
