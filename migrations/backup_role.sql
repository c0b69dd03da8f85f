-- After every upgrade: one role reads all rows of all tables, and nothing else may be done with it.
-- Forced row-level security holds for the owner, too, so its own backup would be empty.
DO $$
DECLARE
    t record;
BEGIN
    BEGIN
        CREATE ROLE flywheel_backup NOLOGIN NOINHERIT;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    IF NOT pg_has_role(current_user, 'flywheel_backup', 'SET') THEN
        EXECUTE format('GRANT flywheel_backup TO %I WITH INHERIT FALSE, SET TRUE', current_user);
    END IF;
    IF NOT has_schema_privilege('flywheel_backup', 'public', 'USAGE') THEN
        GRANT USAGE ON SCHEMA public TO flywheel_backup;
    END IF;
    FOR t IN
        SELECT c.oid, c.relname, c.relkind, c.relrowsecurity
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
            AND c.relkind IN ('r', 'p', 'S')
            AND NOT c.relispartition
    LOOP
        IF NOT (
            t.relkind = 'S' AND has_sequence_privilege('flywheel_backup', t.oid, 'SELECT')
            OR t.relkind <> 'S' AND has_table_privilege('flywheel_backup', t.oid, 'SELECT')
        ) THEN
            EXECUTE format('GRANT SELECT ON %I TO flywheel_backup', t.relname);
        END IF;
        IF t.relrowsecurity AND NOT EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polname = 'backup'
        ) THEN
            EXECUTE format(
                'CREATE POLICY backup ON %I FOR SELECT TO flywheel_backup USING (true)', t.relname
            );
        END IF;
    END LOOP;
END
$$;
