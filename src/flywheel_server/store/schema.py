"""Which revision the database's schema is at."""

from flywheel_server.db import Connection
from flywheel_server.sql import load

_SQL = load("schema")


async def revision(connection: Connection) -> str | None:
    """Return the schema's revision."""
    found: str | None = await connection.fetchval(_SQL["revision"])
    return found
