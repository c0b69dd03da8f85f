-- name: ensure
-- fleet: partitions belong to no tenant
SELECT count(*) FILTER (WHERE ensure_partition(u.parent, u.starts, u.ends))
FROM unnest(:parents::text[], :starts::date[], :ends::date[]) AS u (parent, starts, ends);
