-- The signing key may be encrypted: a nonce of 12 bytes, the key's 32, and a tag of 16. A server that
-- is given a secret encrypts what it finds in plain.
ALTER TABLE signing_keys
    DROP CONSTRAINT signing_keys_length,
    ADD CONSTRAINT signing_keys_length CHECK (octet_length(private_key) IN (32, 60));

GRANT UPDATE (private_key) ON signing_keys TO flywheel_auth;
