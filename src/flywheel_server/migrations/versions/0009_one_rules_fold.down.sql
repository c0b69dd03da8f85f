INSERT INTO fold_marks (fold, mark, system_identifier, folded_at)
SELECT 'rule_attempts', m.mark, m.system_identifier, m.folded_at
FROM fold_marks m
WHERE m.fold = 'rules';
