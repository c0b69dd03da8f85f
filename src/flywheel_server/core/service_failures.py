"""Which outside services fail now: a row for each, gone when it works again."""

import datetime as dt
from dataclasses import dataclass

from flywheel_server.core.db import Connection
from flywheel_server.core.services import Service
from flywheel_server.core.sql import load

_SQL = load("service_failures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A service that failed each time since."""

    service: Service
    since: dt.datetime
    last_at: dt.datetime
    failures: int
    reason: str


async def note(connection: Connection, service: Service, reason: str, now: dt.datetime) -> None:
    """Add a failure."""
    await connection.execute(*_SQL["note"](service=service, now=now, reason=reason))


async def end(connection: Connection, service: Service) -> None:
    """Forget the failures of a service."""
    await connection.execute(*_SQL["end"](service=service))


async def failing(connection: Connection) -> list[Failing]:
    """Return the services that fail."""
    return [Failing(**dict(row)) for row in await connection.fetch(*_SQL["failing"]())]
