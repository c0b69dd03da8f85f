"""Errors in words that no table knows, which came before a runbook could have run."""

import datetime as dt
from dataclasses import dataclass

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("unclassified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclassified:
    """One such error, and how often it was reported."""

    message: str
    executions: int
    sites: int
    last_received_at: dt.datetime
    # Of the newest.
    reported_id: str
    level: str


async def found(connection: Connection, since: dt.datetime, limit: int) -> list[Unclassified]:
    """Return the errors reported since then, the most frequent first."""
    return [
        Unclassified(**row)
        for row in await connection.fetch(*_SQL["list"](since=since, limit=limit))
    ]
