REVOKE UPDATE (private_key) ON signing_keys FROM flywheel_auth;

-- Refused while the key is encrypted: the release before cannot open it.
ALTER TABLE signing_keys
    DROP CONSTRAINT signing_keys_length,
    ADD CONSTRAINT signing_keys_length CHECK (octet_length(private_key) = 32);
