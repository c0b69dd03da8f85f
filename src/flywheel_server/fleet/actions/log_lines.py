"""Keeps log lines that appliances ship, all of a request in one statement."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.core.sql import load

_SQL = load("log_lines")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line; ``logged_at`` is None when the appliance gave no time."""

    logged_at: dt.datetime | None
    unit: str
    priority: int | None
    message: str


async def append(
    connection: Connection,
    scope: ApplianceScope,
    hostname: str,
    lines: Sequence[Line],
    now: dt.datetime,
) -> None:
    """Keep the lines of one host. Raises Unavailable when no partition takes them."""
    try:
        await connection.execute(
            *_SQL["append"](
                site_id=scope.site_id,
                now=now,
                hostname=hostname,
                logged_at=[line.logged_at for line in lines],
                units=[line.unit for line in lines],
                priorities=[line.priority for line in lines],
                messages=[line.message for line in lines],
            )
        )
    except asyncpg.CheckViolationError as error:
        # The loop makes partitions for days ahead; it must have stood still for as long.
        raise errors.Unavailable(
            "There is no room for today's log lines yet: send them again later."
        ) from error
