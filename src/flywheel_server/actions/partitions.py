"""Makes and drops the time partitions of facts and log lines."""

import datetime as dt
from collections.abc import Iterator, Sequence

from flywheel_server.db import Connection
from flywheel_server.sql import load

_SQL = load("partitions")
_MONTHS_AHEAD = 3
_DAYS_AHEAD = 3


async def ensure(connection: Connection, now: dt.datetime) -> int:
    """Make the partitions for now and the time ahead; return how many were made."""
    wanted = [("executions", *bounds) for bounds in _months(now.date())]
    days = [now.date() + dt.timedelta(days=ahead) for ahead in range(_DAYS_AHEAD + 1)]
    wanted += [("log_lines", day, day + dt.timedelta(days=1)) for day in days]
    return int(await connection.fetchval(_SQL["ensure"], *map(list, zip(*wanted, strict=True))))


async def make(connection: Connection, wanted: Sequence[tuple[str, dt.date, dt.date]]) -> None:
    """Make these partitions, each a parent with its first day and the day after its last."""
    if wanted:
        await connection.fetchval(_SQL["ensure"], *map(list, zip(*wanted, strict=True)))


def _months(today: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    month = today.replace(day=1)
    for _ in range(_MONTHS_AHEAD + 1):
        following = (month + dt.timedelta(days=32)).replace(day=1)
        yield month, following
        month = following
