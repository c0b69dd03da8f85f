"""What appliances have shown as their identities, and which of them take turns."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.fleet.model.appliances import Identity

_SQL = load("appliance_identities")

# Of one appliance: more say nothing more.
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TakesTurns:
    """An appliance that several machines check in as."""

    appliance_id: UUID
    site_id: UUID
    slug: str
    wire_id: str
    hostnames: tuple[str, ...]
    macs: int
    keys: int
    turns: int
    since: dt.datetime
    turned_at: dt.datetime


async def of_appliance(connection: Connection, appliance_id: UUID) -> list[Identity]:
    """Return the identities of an appliance, the one that it showed first in front."""
    rows = await connection.fetch(*_SQL["of_appliance"](appliance_id=appliance_id))
    return [Identity(**row) for row in rows]


async def keep(
    connection: Connection,
    site_id: UUID,
    appliance_id: UUID,
    shown: Identity,
    *,
    turned: bool,
    first_seen_at: dt.datetime,
) -> None:
    """Keep an identity that an appliance shows; ``turned`` counts it as a turn."""
    await connection.execute(
        *_SQL["keep"](
            site_id=site_id,
            appliance_id=appliance_id,
            mac=shown.mac,
            public_key=shown.public_key,
            hostname=shown.hostname,
            booted_at=shown.booted_at,
            first_seen_at=first_seen_at,
            last_seen_at=shown.seen_at,
            turned=turned,
        )
    )


async def forget_oldest(connection: Connection, site_id: UUID, appliance_id: UUID) -> None:
    """Leave the newest identities of an appliance."""
    await connection.execute(
        *_SQL["forget_oldest"](site_id=site_id, appliance_id=appliance_id, most=_MOST)
    )


async def forget(connection: Connection, site_id: UUID, appliance_id: UUID) -> None:
    """Forget every identity of an appliance."""
    await connection.execute(*_SQL["forget"](site_id=site_id, appliance_id=appliance_id))


async def taking_turns(
    connection: Connection, since: dt.datetime, *, site_id: UUID | None = None, limit: int
) -> list[TakesTurns]:
    """Return the appliances that took turns since then, the longest lasting first."""
    rows = await connection.fetch(*_SQL["taking_turns"](since=since, site_id=site_id, limit=limit))
    return [TakesTurns(**{**row, "hostnames": tuple(row["hostnames"])}) for row in map(dict, rows)]


async def share_mac(
    connection: Connection, site_id: UUID, mac: str, now: dt.datetime, by: str
) -> None:
    """Have a MAC identify no machine of its site from now on."""
    await connection.execute(*_SQL["share_mac"](site_id=site_id, mac=mac, now=now, by=by))
