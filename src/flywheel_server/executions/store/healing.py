"""What was healed: executions in force, and figures over exactly the same rows.

An execution that was corrected counts once, as its newest version. Every figure is over a window
of ``received_at`` that the caller states; row-level security leaves the caller's own sites.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.executions.model import executions

_SQL = load("healing")
_LAST = ("", UUID(int=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which executions are meant; None: all."""

    site_id: UUID | None = None
    level: str | None = None
    # `success`, `failure`, `not_attempted` or `claimed`.
    outcome: str | None = None
    incident_type: str | None = None
    hostname: str | None = None
    # Looked for in the type, the host, and the rule's or runbook's id and name.
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Healing:
    """One execution in force."""

    slug: str
    site_name: str
    site_id: UUID
    execution_id: str
    received_at: dt.datetime
    occurred_at: dt.datetime
    level: str
    incident_id: str
    incident_type: str
    hostname: str
    reported_id: str
    # The runbook that the reported id means; None where it names a rule or nothing known.
    runbook_id: str | None
    # As its agent said it; how far that is to be believed is its standing.
    outcome: str
    standing: executions.Standing
    verified: bool | None
    chaos_campaign_id: str | None
    error_category: str | None
    error_message: str | None
    duration_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternKey:
    """Which executions a pattern counts."""

    site_id: UUID
    incident_type: str
    runbook_id: str
    hostname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelTotal:
    """What happened at one level."""

    level: str
    successes: int
    failures: int
    not_attempted: int
    claimed_successes: int
    claimed_failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happened on one UTC day."""

    day: dt.date
    successes: int
    failures: int
    not_attempted: int
    claimed: int


async def page(
    connection: Connection,
    filters: Filters,
    *,
    since: dt.datetime,
    until: dt.datetime,
    before: tuple[dt.datetime, str, UUID] | None,
    limit: int,
) -> list[Healing]:
    """Return executions in force received between ``since`` and ``until``, the newest first."""
    # Just behind the last moment of the window, so that one condition serves every page.
    received_at, execution_id, last_site_id = before or (
        until + dt.timedelta(microseconds=1),
        *_LAST,
    )
    rows = await connection.fetch(
        *_SQL["page"](
            site_id=filters.site_id,
            since=since,
            received_at=received_at,
            execution_id=execution_id,
            last_site_id=last_site_id,
            level=filters.level,
            outcomes=_outcomes(filters),
            incident_type=filters.incident_type,
            hostname=filters.hostname,
            limit=limit,
            text=filters.text,
        )
    )
    return [_healing(dict(row)) for row in rows]


async def totals(
    connection: Connection, filters: Filters, *, since: dt.datetime, until: dt.datetime
) -> list[LevelTotal]:
    """Return what ``page`` lists, counted by level."""
    rows = await connection.fetch(
        *_SQL["totals"](
            site_id=filters.site_id,
            since=since,
            until=until,
            level=filters.level,
            outcomes=_outcomes(filters),
            incident_type=filters.incident_type,
            hostname=filters.hostname,
            text=filters.text,
        )
    )
    return [LevelTotal(**dict(row)) for row in rows]


async def newest(connection: Connection) -> dt.datetime | None:
    """Return when the newest execution came in, corrections among them."""
    found: dt.datetime | None = await connection.fetchval(*_SQL["newest"]())
    return found


async def of_pattern(
    connection: Connection, pattern: PatternKey, since: dt.datetime, limit: int
) -> list[Healing]:
    """Return the newest executions that a pattern counts."""
    rows = await connection.fetch(
        *_SQL["of_pattern"](
            site_id=pattern.site_id,
            incident_type=pattern.incident_type,
            runbook_id=pattern.runbook_id,
            hostname=pattern.hostname,
            since=since,
            limit=limit,
        )
    )
    return [_healing(dict(row)) for row in rows]


async def by_day(connection: Connection, pattern: PatternKey, since: dt.datetime) -> list[Day]:
    """Return what a pattern counts by day, days with anything only."""
    rows = await connection.fetch(
        *_SQL["of_pattern_by_day"](
            site_id=pattern.site_id,
            incident_type=pattern.incident_type,
            runbook_id=pattern.runbook_id,
            hostname=pattern.hostname,
            since=since,
        )
    )
    return [Day(**dict(row)) for row in rows]


def _healing(row: dict[str, Any]) -> Healing:
    return Healing(**row | executions.outward(row["outcome"], row["verified"]))


def _outcomes(filters: Filters) -> list[str] | None:
    return None if filters.outcome is None else list(executions.FILTERS[filters.outcome])
