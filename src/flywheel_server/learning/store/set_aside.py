"""Ids that were set aside because they can mean nothing."""

import datetime as dt

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("set_aside")


async def put(
    connection: Connection,
    reported_id: str,
    level: str,
    *,
    executions: int,
    comes_back_at: int,
    reason: str,
    by: str,
    now: dt.datetime,
) -> None:
    """Set an id aside, or renew why and with how many executions."""
    await connection.execute(
        *_SQL["put"](
            reported_id=reported_id,
            level=level,
            executions=executions,
            comes_back_at=comes_back_at,
            reason=reason,
            by=by,
            now=now,
        )
    )


async def remove(connection: Connection, reported_id: str, level: str) -> None:
    """Have an id count again."""
    await connection.execute(*_SQL["remove"](reported_id=reported_id, level=level))


async def total(connection: Connection) -> int:
    """Return how many executions are kept under ids that are set aside."""
    return int(await connection.fetchval(*_SQL["total"]()))
