"""What executions teach: patterns, candidates, decisions, the platform's promotions."""
