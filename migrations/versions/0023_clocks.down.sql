DROP INDEX executions_unclassified_idx;
DROP TABLE early_resolutions;
DROP TABLE clock_skews;
