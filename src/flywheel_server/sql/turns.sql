-- name: prepare
-- fleet: no table is read
SELECT
    set_config('statement_timeout', $1, true),
    set_config('lock_timeout', $2, true),
    set_config('idle_in_transaction_session_timeout', $3, true),
    -- A few transactions at a time, of one process: room to group the sites of a large fleet in memory.
    set_config('work_mem', '64MB', true);
