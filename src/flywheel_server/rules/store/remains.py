"""What remains of switched-off rules on appliances: that they ran since, and files removed."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.rules.model import remains as domain
from flywheel_server.rules.model.remains import Remains

_SQL = load("remains")


async def running(
    connection: Connection, now: dt.datetime, limit: int, rule: UUID | None = None
) -> list[Remains]:
    """Return what still runs though it was switched off, of one rule or all, the oldest first."""
    rows = await connection.fetch(
        *_SQL["running"](since=now - domain.QUIET_AFTER, limit=limit, rule=rule)
    )
    return [each for each in (Remains(**dict(row)) for row in rows) if domain.is_alarm(each)]


async def remove(
    connection: Connection,
    rule: UUID,
    site_id: UUID,
    appliances: Sequence[UUID | None],
    by: str,
    now: dt.datetime,
) -> None:
    """Keep that somebody removed a rule's file from these appliances; None: whichever it was."""
    await connection.execute(
        *_SQL["remove"](rule=rule, site_id=site_id, appliances=list(appliances), now=now, by=by)
    )


async def tell(connection: Connection, running: Sequence[Remains], now: dt.datetime) -> None:
    """Keep that these have become an event, and that all others are over."""
    rules = [each.rule for each in running]
    sites = [each.site_id for each in running]
    appliances = [each.appliance_id for each in running]
    await connection.execute(*_SQL["over"](rules=rules, sites=sites, appliances=appliances))
    fresh = [each for each in running if each.told_at is None]
    if fresh:
        await connection.execute(
            *_SQL["told"](
                rules=[each.rule for each in fresh],
                site_ids=[each.site_id for each in fresh],
                appliance_ids=[each.appliance_id for each in fresh],
                now=now,
            )
        )
