"""What `make bench` runs: every measure beside its baseline, in alternating rounds of one run.

Everything is on as in production: authentication, row-level security, exact folds, idempotency,
durable commits, request ids, metrics. Nothing listens beyond the loopback interface.
"""
