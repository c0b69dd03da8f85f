-- name: ensure
-- fleet: partitions belong to no tenant
SELECT count(*) FILTER (WHERE ensure_partition(u.parent, u.starts, u.ends))
FROM unnest($1::text[], $2::date[], $3::date[]) AS u (parent, starts, ends);
