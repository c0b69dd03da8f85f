DROP FUNCTION tenant_spread(text, text);
