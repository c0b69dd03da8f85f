"""Pages of operators: how the flywheel turns for everybody, and what they set and mend."""
