-- At the end of that transaction: keys are checked over all rows, and all is as it was made.
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT k.of_table, k.name, k.definition FROM restored_keys k LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.of_table, t.name, t.definition);
    END LOOP;
    FOR t IN
        SELECT c.relname, c.relrowsecurity
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
            AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition
            AND c.relname <> 'alembic_version'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', t.relname);
        IF t.relrowsecurity THEN
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t.relname);
        END IF;
    END LOOP;
END
$$;
