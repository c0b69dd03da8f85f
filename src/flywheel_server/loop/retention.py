"""Forgets what is past its time: partitions of facts and logs, keys, old runs.

While a backup reads, no partition is dropped; the next turn does it.

A dropped partition's contribution to every fold is kept as base counts in the same transaction, so
a recount is base plus facts.
"""

import datetime as dt

from flywheel_server.core import log
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.folds import store as folds
from flywheel_server.learning.actions import bulk
from flywheel_server.rules.actions import rule_health
from flywheel_server.rules.store import deliveries

_SQL = load("retention")
_log = log.get(__name__)

# An execution's key outlives its fact, so that a late repeat is still known as one.
KEY_DAYS_LONGER = 30
RUN_DAYS = 90
_MOST_KEYS = 50_000


async def drop_executions(connection: Connection, now: dt.datetime, days: int) -> int:
    """Drop the partitions whose last execution is older than ``days``; return how many."""
    dropped = 0
    if not await connection.fetchval(*_SQL["no_backup"]()):
        return dropped
    for name, starts, ends in await _partitions(connection, "executions"):
        if ends > now - dt.timedelta(days=days):
            continue
        if not await connection.fetchval(
            *_SQL["all_folded"](starts=starts, ends=ends, folds=list(folds.FOLDS))
        ):
            _log.error("a partition past its retention is not folded yet", partition=name)
            continue
        await connection.execute(*_SQL["keep_counts"](starts=starts, ends=ends))
        await connection.execute(*_SQL["keep_days"](starts=starts, ends=ends))
        await rule_health.compact(connection, ends)
        await connection.execute(*_SQL["drop"](parent="executions", name=name))
        dropped += 1
    return dropped


async def drop_log_lines(connection: Connection, now: dt.datetime, days: int) -> int:
    """Drop the partitions of log lines older than ``days``; return how many."""
    dropped = 0
    if not await connection.fetchval(*_SQL["no_backup"]()):
        return dropped
    for name, _, ends in await _partitions(connection, "log_lines"):
        if ends <= now - dt.timedelta(days=days):
            await connection.execute(*_SQL["drop"](parent="log_lines", name=name))
            dropped += 1
    return dropped


async def forget_keys(connection: Connection, now: dt.datetime, days: int) -> int:
    """Delete a bounded number of keys and corrections whose facts are long gone; return it."""
    before = now - dt.timedelta(days=days + KEY_DAYS_LONGER)
    return int(await connection.fetchval(*_SQL["forget_keys"](before=before, most_keys=_MOST_KEYS)))


async def forget_answers(connection: Connection, now: dt.datetime) -> int:
    """Delete what was answered to requests that may no longer be sent again; return how many."""
    before = now - dt.timedelta(days=bulk.REPEATABLE_DAYS)
    return int(await connection.fetchval(*_SQL["forget_answers"](before=before)))


async def forget_runs(connection: Connection, now: dt.datetime) -> int:
    """Delete the records of turns older than ``RUN_DAYS``; return how many."""
    return int(
        await connection.fetchval(*_SQL["forget_runs"](before=now - dt.timedelta(days=RUN_DAYS)))
    )


async def forget_rule_sets(connection: Connection, now: dt.datetime) -> int:
    """Delete what rule sets held that nobody has run for ``RUN_DAYS``; return how many."""
    return await deliveries.forget_sets(connection, now - dt.timedelta(days=RUN_DAYS))


async def _partitions(
    connection: Connection, parent: str
) -> list[tuple[str, dt.datetime, dt.datetime]]:
    """Return the partitions of ``parent`` with their bounds, the oldest first."""
    rows = await connection.fetch(*_SQL["partitions"](parent=parent))
    return [(row["name"], row["starts"], row["ends"]) for row in rows]
