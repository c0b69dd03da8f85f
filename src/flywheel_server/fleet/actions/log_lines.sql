-- name: append
INSERT INTO log_lines (site_id, received_at, logged_at, hostname, unit, priority, message)
SELECT :site_id::uuid, :now::timestamptz, l.logged_at, :hostname::text, l.unit, l.priority,
    l.message
FROM unnest(:logged_at::timestamptz[], :units::text[], :priorities::smallint[], :messages::text[])
    AS l (logged_at, unit, priority, message);
