"""Rules: runbooks and aliases, rule sets and sync, deliveries, health and withdrawal."""
