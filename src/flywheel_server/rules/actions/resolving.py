"""Counts what was kept under an id once the id means something."""

import datetime as dt

from flywheel_server.core.db import Connection
from flywheel_server.folds import store as folds
from flywheel_server.rules.store import rule_health


async def resolve_anew(connection: Connection, alias: str, now: dt.datetime) -> None:
    """Fold what was kept unresolved under ``alias`` in, in the transaction that adds the alias."""
    await folds.lock(connection)
    await folds.move_patterns(connection)
    await folds.mark_runbook_due(connection, alias)
    pairs = await folds.move_platform(connection, alias)
    if pairs:
        await folds.aggregate_platform(connection, sorted(pairs), now)
    await rule_health.adopt(connection, alias)
    rules = await folds.move_rules(connection, alias)
    if rules:
        await folds.count_rules(connection, rules)
