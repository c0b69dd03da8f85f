"""Marks the patterns whose gates the next turn evaluates again; counts what resolves to nothing."""

from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("due")


async def mark_all_due(connection: Connection) -> None:
    """Have the next turn evaluate every pattern's gates anew."""
    await connection.execute(*_SQL["mark_all_due"]())


async def mark_type_due(connection: Connection, incident_type: str) -> None:
    """Have the gates of this incident type's patterns looked at anew: a rule for it changed."""
    await connection.execute(*_SQL["mark_type_due"](incident_type=incident_type))


async def mark_site_due(connection: Connection, site_id: UUID) -> None:
    """Have the gates of this site's patterns looked at anew: its healing tier changed."""
    await connection.execute(*_SQL["mark_site_due"](site_id=site_id))


async def kept(connection: Connection, reported_id: str) -> int:
    """Return how many executions are kept under an id that resolves to nothing."""
    return int(await connection.fetchval(*_SQL["kept"](reported_id=reported_id)))
