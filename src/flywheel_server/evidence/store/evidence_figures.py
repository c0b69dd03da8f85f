"""What pages show of evidence: sites at a glance, checks by day, gaps, timestamps."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.evidence.model import evidence_figures as domain
from flywheel_server.evidence.model.evidence import AnchorState
from flywheel_server.evidence.store.evidence_anchors import Anchor

_SQL = load("evidence_figures")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """A site, the end of its chain, and what is known of it."""

    id: UUID
    slug: str
    name: str
    healing_tier: str
    organization_name: str
    position: int
    received_at: dt.datetime | None
    # Of the newest bundle.
    checked_at: dt.datetime | None
    results: dict[str, int] | None
    batched_position: int
    verified_position: int
    verified_at: dt.datetime | None
    broken_position: int | None
    broken_reason: str | None
    broken_at: dt.datetime | None
    # Of the newest batch that has bundles of the site.
    timestamp_state: AnchorState | None
    timestamp_at: dt.datetime | None
    failed: int
    pending_since: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What came in a window."""

    bundles: int
    checks: int
    # Bundles from the future, and bundles much older than their receipt.
    ahead: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDay:
    """How many checks ended with a status on a UTC day."""

    day: dt.date
    status: str
    checks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which nothing was checked; ``found`` is how many there are in all."""

    since: dt.datetime
    until: dt.datetime
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    """How many batches are in one state, and since when."""

    state: AnchorState
    batches: int
    oldest_at: dt.datetime
    newest_at: dt.datetime


async def sites(
    connection: Connection,
    *,
    text: str | None = None,
    after: str | None = None,
    id: UUID | None = None,
    state: str | None = None,
    silent_before: dt.datetime,
    limit: int,
) -> list[SiteRow]:
    """Return sites in the order of their slugs; ``text`` is looked for in all their names."""
    rows = await connection.fetch(
        *_SQL["sites"](
            text=text, after=after, id=id, state=state, silent_before=silent_before, limit=limit
        )
    )
    return [SiteRow(**row) for row in rows]


async def totals(
    connection: Connection, site_id: UUID, since: dt.datetime, until: dt.datetime
) -> Totals:
    """Return what came between two moments."""
    row = await connection.fetchrow(
        *_SQL["totals"](
            site_id=site_id, since=since, until=until, ahead=domain.AHEAD, late=domain.LATE
        )
    )
    if row is None:
        raise LookupError("an aggregate has one row")
    return Totals(**row)


async def days(
    connection: Connection, site_id: UUID, since: dt.datetime, until: dt.datetime
) -> list[StatusDay]:
    """Return how checks ended, by day; empty days are missing."""
    rows = await connection.fetch(*_SQL["days"](site_id=site_id, since=since, until=until))
    return [StatusDay(**row) for row in rows]


async def gaps(
    connection: Connection, site_id: UUID, since: dt.datetime, until: dt.datetime, limit: int
) -> list[Gap]:
    """Return when nothing was checked for too long, the newest first."""
    rows = await connection.fetch(
        *_SQL["gaps"](site_id=site_id, since=since, until=until, gap=domain.GAP, limit=limit)
    )
    return [Gap(**row) for row in rows]


async def timestamps(
    connection: Connection, organization_id: UUID, site_id: UUID, since: dt.datetime
) -> list[StateCount]:
    """Return the states of a site's batches since then, and of all that wait or failed."""
    rows = await connection.fetch(
        *_SQL["timestamps"](organization_id=organization_id, site_id=site_id, since=since)
    )
    return [StateCount(**row) for row in rows]


async def anchors(
    connection: Connection,
    organization_id: UUID,
    site_id: UUID,
    *,
    state: AnchorState | None,
    before: UUID | None,
    limit: int,
) -> list[Anchor]:
    """Return the batches that have bundles of a site, the newest first."""
    rows = await connection.fetch(
        *_SQL["anchors"](
            organization_id=organization_id,
            site_id=site_id,
            state=state,
            before=before,
            limit=limit,
        )
    )
    return [Anchor(**row) for row in rows]
