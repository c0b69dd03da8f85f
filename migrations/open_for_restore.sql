-- In the transaction of a restore into a database that holds nothing yet: its owner may write rows
-- as they are. Triggers would chain entries again, and foreign keys would ask for an order.
CREATE TEMPORARY TABLE restored_keys ON COMMIT DROP AS
SELECT
    c.relname AS of_table,
    k.conname AS name,
    pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k
INNER JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f'
    AND k.conparentid = 0
    AND k.connamespace = 'public'::regnamespace;

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT k.of_table, k.name FROM restored_keys k LOOP
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', t.of_table, t.name);
    END LOOP;
    FOR t IN
        SELECT c.relname, c.relforcerowsecurity
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
            AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition
            AND c.relname <> 'alembic_version'
    LOOP
        IF t.relforcerowsecurity THEN
            EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', t.relname);
        END IF;
        EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', t.relname);
        -- What the revisions themselves wrote is in the backup, too.
        EXECUTE format('TRUNCATE TABLE %I', t.relname);
    END LOOP;
END
$$;
