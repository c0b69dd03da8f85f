"""Makes and drops the time partitions of facts and log lines."""

import datetime as dt
from collections.abc import Iterator, Sequence

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("partitions")
_MONTHS_AHEAD = 3
_DAYS_AHEAD = 3


async def ensure(connection: Connection, now: dt.datetime) -> int:
    """Make the partitions for now and the time ahead; return how many were made."""
    wanted = [("executions", *bounds) for bounds in _months(now.date())]
    days = [now.date() + dt.timedelta(days=ahead) for ahead in range(_DAYS_AHEAD + 1)]
    wanted += [("log_lines", day, day + dt.timedelta(days=1)) for day in days]
    return await make(connection, wanted)


async def make(connection: Connection, wanted: Sequence[tuple[str, dt.date, dt.date]]) -> int:
    """Make these partitions, each a parent with its first day and the day after its last.

    Returns how many were missing.
    """
    made = await connection.fetchval(
        *_SQL["ensure"](
            parents=[parent for parent, _, _ in wanted],
            starts=[first for _, first, _ in wanted],
            ends=[end for _, _, end in wanted],
        )
    )
    return int(made)


def _months(today: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    month = today.replace(day=1)
    for _ in range(_MONTHS_AHEAD + 1):
        following = (month + dt.timedelta(days=32)).replace(day=1)
        yield month, following
        month = following
