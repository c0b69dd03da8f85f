-- name: prepare
-- fleet: no table is read
SELECT
    set_config('statement_timeout', :statement_timeout, true),
    set_config('lock_timeout', :lock_timeout, true),
    set_config('idle_in_transaction_session_timeout', :idle_timeout, true),
    -- A few transactions at a time, of one process: room to group the sites of a large fleet in memory.
    set_config('work_mem', '64MB', true);

-- name: as_login
-- fleet: no table is read
-- Whoever logged in may end what the same login does; the roles that transactions take may not.
SELECT set_config('role', 'none', true);

-- name: end_hung
-- fleet: sessions belong to no tenant
-- Those that keep a turn out and wait for their process. A process that was stopped between preparing
-- a statement and running it is not "idle in transaction", so no timeout ever ends its session.
SELECT count(*) FILTER (WHERE pg_terminate_backend(h.pid))
FROM (
    SELECT DISTINCT a.pid
    FROM pg_locks l
    JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory'
        AND l.granted
        AND (l.classid = {lock.SERVER} AND l.objid = {lock.FOLDS} OR l.classid = {lock.WORK})
        AND l.objsubid = 2
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        -- Nobody may end another login's.
        AND a.usename = session_user
        AND a.wait_event = 'ClientRead'
        AND a.state_change < now() - :hangs_after::interval
) h;
