-- name: revision
-- fleet: one schema for all
SELECT v.version_num
FROM alembic_version v;
