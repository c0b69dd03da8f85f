"""Notes which appliances' clocks are more than a day off; the first report on time ends it."""

import datetime as dt
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.core.sql import load
from flywheel_server.fleet.model import clocks

_SQL = load("clock_skews")

# An appliance that was not heard of for so long is silent, which is an alarm of its own.
_FORGOTTEN_AFTER = dt.timedelta(days=2)


async def told(
    connection: Connection,
    scope: ApplianceScope,
    sent_at: dt.datetime | None,
    now: dt.datetime,
    appliance_id: UUID | None = None,
) -> None:
    """Compare the time at which something was sent with the server's. None: it says nothing."""
    if sent_at is not None:
        await note(connection, scope, clocks.off(sent_at, now), now, appliance_id)


async def note(
    connection: Connection,
    scope: ApplianceScope,
    skew: dt.timedelta | None,
    now: dt.datetime,
    appliance_id: UUID | None = None,
) -> None:
    """Note how far a clock is off, or that it is right."""
    seconds = None if skew is None else round(skew.total_seconds())
    appliance_id = scope.appliance_id or appliance_id
    await connection.execute(
        *_SQL["told"](site_id=scope.site_id, appliance_id=appliance_id, seconds=seconds, now=now)
    )


async def forget(connection: Connection, now: dt.datetime) -> int:
    """Forget what was not seen again; return how many."""
    count: int = await connection.fetchval(*_SQL["forget"](before=now - _FORGOTTEN_AFTER))
    return count
