-- name: begin
-- fleet: a backup holds every tenant's rows; settings of this transaction, so that text is exact
SELECT
    set_config('role', 'flywheel_backup', true),
    set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true),
    set_config('extra_float_digits', '1', true),
    set_config('bytea_output', 'hex', true);

-- name: keep_partitions
-- fleet: retention drops no partition meanwhile, for the drop would wait, and writers behind it
SELECT pg_advisory_xact_lock_shared({lock.SERVER}, {lock.PARTITIONS});

-- name: long
-- fleet: settings of this transaction; a restore takes as long as it takes
SELECT
    set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true);

-- name: tables
-- fleet: the schema is one for all; partitions are read through their table
SELECT
    c.relname AS name,
    (
        SELECT array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_attribute a
        WHERE a.attrelid = c.oid
            AND a.attnum > 0
            AND NOT a.attisdropped
            AND a.attgenerated = ''
    ) AS columns
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND c.relname <> 'alembic_version'
ORDER BY c.relname;

-- name: partitions
-- fleet: partitions belong to no tenant
SELECT
    p.relname AS parent,
    substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''([0-9]+-[0-9]+-[0-9]+)')::date
        AS starts,
    substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([0-9]+-[0-9]+-[0-9]+)')::date
        AS ends
FROM pg_class c
INNER JOIN pg_inherits i ON i.inhrelid = c.oid
INNER JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relispartition
    AND c.relkind = 'r'
ORDER BY p.relname, starts;

-- name: sequences
-- fleet: numbers of every tenant's rows come from them
SELECT s.sequencename AS name, s.last_value AS value
FROM pg_sequences s
WHERE s.schemaname = 'public'
    AND s.last_value IS NOT NULL
ORDER BY s.sequencename;

-- name: set_sequence
-- fleet: numbers of every tenant's rows come from them
SELECT setval(format('public.%I', :name::text)::regclass, :value::bigint);

-- name: heads
-- fleet: what every later entry of a chain builds on
SELECT
    (SELECT h.id FROM audit_head h) AS audit_id,
    (SELECT encode(h.hash, 'hex') FROM audit_head h) AS audit_hash,
    (SELECT count(*) FROM evidence_heads e) AS evidence_chains,
    (
        SELECT encode(sha256(convert_to(
            coalesce(string_agg(
                format('%s:%s:%s', e.site_id, e.position, e.chain_hash), ',' ORDER BY e.site_id
            ), ''),
            'UTF8'
        )), 'hex')
        FROM evidence_heads e
    ) AS evidence_hash;

-- name: relations
-- fleet: whether the database holds anything at all
SELECT count(*)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND c.relname <> 'alembic_version';
