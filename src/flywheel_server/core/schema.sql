-- name: revision
-- fleet: one schema for all
SELECT v.version_num
FROM alembic_version v;

-- name: small_memory
-- fleet: a setting of this transaction
SELECT set_config('work_mem', '64kB', true);

-- name: spill
-- fleet: rows of no table, too many for the memory that was set
SELECT max(spilled.n)
FROM (
    SELECT
        numbers.n,
        repeat(md5(numbers.n::text), 32) AS text
    FROM LATERAL generate_series(1, 4000) AS numbers (n)
    ORDER BY text
    OFFSET 0
) AS spilled;
