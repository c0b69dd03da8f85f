ALTER INDEX rule_attempts_received_idx RESET (autosummarize);
ALTER INDEX execution_keys_received_idx RESET (autosummarize);
UPDATE platform_patterns
SET since_largest_organization = largest_organization(incident_type, runbook_id);
DROP FUNCTION largest_organization(text, text);
DROP FUNCTION resolved_everywhere(text, text);
