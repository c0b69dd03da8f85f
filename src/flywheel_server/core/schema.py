"""Which revision the database's schema is at, and whether its disk has room."""

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("schema")


async def revision(connection: Connection) -> str | None:
    """Return the schema's revision."""
    found: str | None = await connection.fetchval(*_SQL["revision"]())
    return found


async def spill(connection: Connection) -> None:
    """Write four megabytes into files that end with the statement. Raises DiskFullError."""
    await connection.execute(*_SQL["small_memory"]())
    await connection.execute(*_SQL["spill"]())
