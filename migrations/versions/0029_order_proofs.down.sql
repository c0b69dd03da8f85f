DROP FUNCTION order_check(text);
DROP FUNCTION order_host(text);
DROP INDEX orders_unproven_idx;
ALTER TABLE orders
    DROP COLUMN proof_source,
    DROP COLUMN proof_reference,
    DROP COLUMN proof_seen_at;
