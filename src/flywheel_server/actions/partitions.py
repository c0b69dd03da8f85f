"""Makes and drops the time partitions of facts and log lines."""

import datetime as dt

from flywheel_server.db import Connection
from flywheel_server.sql import load

_SQL = load("partitions")
_MONTHS_AHEAD = 3
_DAYS_AHEAD = 3


async def ensure(connection: Connection, now: dt.datetime) -> int:
    """Make the partitions for now and the time ahead; return how many were made."""
    made = 0
    month = now.date().replace(day=1)
    for _ in range(_MONTHS_AHEAD + 1):
        following = (month + dt.timedelta(days=32)).replace(day=1)
        made += await connection.fetchval(_SQL["ensure"], "executions", month, following)
        month = following
    for ahead in range(_DAYS_AHEAD + 1):
        day = now.date() + dt.timedelta(days=ahead)
        made += await connection.fetchval(
            _SQL["ensure"], "log_lines", day, day + dt.timedelta(days=1)
        )
    return made
