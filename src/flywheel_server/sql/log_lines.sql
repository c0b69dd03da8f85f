-- name: append
INSERT INTO log_lines (site_id, received_at, logged_at, hostname, unit, priority, message)
SELECT $1::uuid, $2::timestamptz, l.logged_at, $3::text, l.unit, l.priority, l.message
FROM unnest($4::timestamptz[], $5::text[], $6::smallint[], $7::text[])
    AS l (logged_at, unit, priority, message);
