-- A run keeps what its step did by name, beside the two sums; json keeps the order of the names.
-- NULL: an earlier release recorded the run.
ALTER TABLE loop_runs ADD COLUMN counts json;
