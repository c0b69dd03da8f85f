"""Counts of executions, each taken exactly once: marks, locks and what waits for a new look."""
