DROP POLICY audit_entries_auth ON audit_entries;
DROP POLICY api_keys_partner ON api_keys;
REVOKE INSERT ON audit_entries FROM flywheel_auth;
REVOKE ALL ON api_keys FROM flywheel_partner;
DROP TABLE sign_in_attempts, sessions, one_time_links, users;
