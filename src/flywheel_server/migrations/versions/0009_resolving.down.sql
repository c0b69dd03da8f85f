ALTER INDEX rule_attempts_received_idx RESET (autosummarize);
ALTER INDEX execution_keys_received_idx RESET (autosummarize);
DROP FUNCTION largest_organization(text, text);
DROP FUNCTION resolved_everywhere(text, text);
