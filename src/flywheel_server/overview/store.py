"""The flywheel at a glance: how much came in, at which level, and what it has taught so far."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("overview")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Counts of the whole platform. ``folded`` is what the loop has taken so far."""

    patterns: int
    eligible: int
    platform_rules: int
    l1_folded: int
    l1_unresolved: int
    l2_folded: int
    l1_recent: int
    l2_recent: int
    l3_recent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """What learning has come to, as it stands now. From ``approved`` on: learnt rules in force."""

    patterns: int
    eligible: int
    approved: int
    delivered: int
    running: int
    succeeding: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided between two moments."""

    approved: int
    rejected: int
    withdrawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Executions of one level that were first received on one UTC day."""

    day: dt.date
    level: str
    successes: int
    failures: int
    not_attempted: int
    claimed_successes: int
    claimed_failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """An endpoint of the platform's that events did not reach."""

    id: UUID
    label: str
    url: str
    # When its receiver said that it is gone.
    gone_at: dt.datetime | None
    since: dt.datetime | None
    dead: int


async def funnel(connection: Connection) -> Funnel:
    """Return what learning has come to."""
    row = await connection.fetchrow(*_SQL["funnel"]())
    assert row is not None  # noqa: S101 - an aggregate always has its one row
    return Funnel(**row)


async def decided(connection: Connection, since: dt.datetime, until: dt.datetime) -> Decided:
    """Return what was decided between two moments."""
    row = await connection.fetchrow(*_SQL["decided"](since=since, until=until))
    assert row is not None  # noqa: S101 - a SELECT without FROM has its one row
    return Decided(**row)


async def days(connection: Connection, first: dt.date, last: dt.date) -> list[Day]:
    """Return what came in on these days, as far as the loop has counted; empty ones are missing."""
    return [Day(**row) for row in await connection.fetch(*_SQL["days"](first=first, last=last))]


async def counted_at(connection: Connection) -> dt.datetime | None:
    """Return when the loop last counted days; None: never."""
    found: dt.datetime | None = await connection.fetchval(*_SQL["counted_at"]())
    return found


async def dead_webhooks(connection: Connection, limit: int) -> list[Dead]:
    """Return the platform's endpoints with deliveries that were given up."""
    return [Dead(**row) for row in await connection.fetch(*_SQL["dead_webhooks"](limit=limit))]


async def get(connection: Connection, since: dt.datetime) -> Overview:
    """Return the counts; the recent ones are of what was received from ``since`` on."""
    totals = await connection.fetchrow(*_SQL["totals"]())
    recent = await connection.fetchrow(*_SQL["recent"](since=since))
    assert totals is not None  # noqa: S101 - an aggregate always has its one row
    assert recent is not None  # noqa: S101 - the same
    return Overview(
        patterns=totals["patterns"],
        eligible=totals["eligible"],
        platform_rules=totals["platform_rules"],
        l1_folded=totals["l1_folded"],
        l1_unresolved=totals["l1_unresolved"],
        l2_folded=totals["l2_folded"],
        l1_recent=recent["l1"],
        l2_recent=recent["l2"],
        l3_recent=recent["l3"],
    )
