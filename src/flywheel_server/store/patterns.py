"""Patterns: what L2 did, by (site, incident type, runbook, host)."""

from flywheel_server.db import Connection
from flywheel_server.sql import load

_SQL = load("patterns")


async def mark_all_stale(connection: Connection) -> None:
    """Have the next turn evaluate every pattern's gates anew."""
    await connection.execute(_SQL["mark_all_stale"])


async def mark_incident_type_stale(connection: Connection, incident_type: str) -> None:
    """Have the next turn evaluate the gates of an incident type's patterns anew."""
    await connection.execute(_SQL["mark_incident_type_stale"], incident_type)
