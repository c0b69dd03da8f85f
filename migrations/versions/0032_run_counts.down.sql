ALTER TABLE loop_runs DROP COLUMN counts;
