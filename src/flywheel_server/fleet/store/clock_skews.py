"""Appliances whose clock is more than a day off."""

import datetime as dt
from dataclasses import dataclass

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("clock_skews")


@dataclass(frozen=True, slots=True, kw_only=True)
class Skewed:
    """A clock that is off; without an appliance, of one of the site's that does not say which."""

    slug: str
    wire_id: str | None
    # Ahead; behind is negative.
    skew_seconds: int
    since: dt.datetime
    seen_at: dt.datetime


async def found(connection: Connection, limit: int) -> list[Skewed]:
    """Return the clocks that are off, the longest lasting first."""
    return [Skewed(**row) for row in await connection.fetch(*_SQL["list"](limit=limit))]
