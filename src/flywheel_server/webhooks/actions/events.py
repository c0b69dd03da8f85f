"""Writes what happened into the outbox, in the transaction in which it happened.

No transaction, no event; no event, no transaction. Whoever listens is told later, at least once.
"""

import datetime as dt
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.webhooks.model.events import Kind

_SQL = load("events")

# A delivery is tried for a day or two; what is told or given up stays to be looked at.
DAYS = 30
_MOST = 10_000


async def emit(
    connection: Connection,
    kind: Kind,
    *,
    partner_id: UUID | None = None,
    organization_id: UUID | None = None,
    site_id: UUID | None = None,
    data: dict[str, object],
    now: dt.datetime,
) -> None:
    """Add one event; give the narrowest tenant it belongs to, none for the platform's own.

    The wider tenants are looked up. The tenant's partner reads ``data``: nothing of another's.
    Raises LookupError for a tenant that the connection's scope does not see.
    """
    done = await connection.execute(
        *_SQL["emit"](
            kind=kind,
            partner_id=partner_id,
            organization_id=organization_id,
            site_id=site_id,
            data=data,
            now=now,
        )
    )
    if done != "INSERT 0 1":
        raise LookupError("an event speaks for a tenant that its scope sees")


async def tell_silence(connection: Connection, seconds: float, now: dt.datetime) -> bool:
    """Add an event if no turn of the loop started for so long; once for each silence."""
    silent_for = dt.timedelta(seconds=seconds)
    return bool(
        await connection.execute(*_SQL["silence"](silent_for=silent_for, now=now)) == "INSERT 0 1"
    )


async def forget_old(connection: Connection, now: dt.datetime) -> int:
    """Delete a bounded number of old events with their deliveries; return how many."""
    before = now - dt.timedelta(days=DAYS)
    return int(await connection.fetchval(*_SQL["forget"](before=before, most=_MOST)))
