-- name: ensure
-- fleet: partitions belong to no tenant
SELECT ensure_partition($1, $2, $3);
