"""What pages show of many sites at once: counted for one page, never kept.

Row-level security leaves the caller's own sites; nothing here writes.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection, Record
from flywheel_server.core.sql import load
from flywheel_server.fleet.model import heal_proofs
from flywheel_server.orders.model import orders as ordered, outcomes

_SQL = load("fleet")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """A site and what its appliances say."""

    id: UUID
    slug: str
    name: str
    healing_tier: str
    organization_name: str
    appliances: int
    last_seen_at: dt.datetime | None
    # Those heard of lately.
    seen: int
    versions: list[str]
    # Those that run what they should, and those that say what they run.
    current: int
    reporting: int
    pending_modes: int
    open_orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A value for each thing that pages show: when it last changed, or how many there are."""

    values: tuple[dt.datetime | int | None, ...]

    def newest(self) -> dt.datetime | None:
        """Return the latest of the moments."""
        return max((each for each in self.values if isinstance(each, dt.datetime)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order of a site, without its parameters, which may be secrets."""

    id: str
    kind: ordered.Kind
    order_type: str
    state: str
    issued_by: str
    created_at: dt.datetime
    expires_at: dt.datetime
    acknowledged_at: dt.datetime | None
    finished_at: dt.datetime | None
    error_message: str | None
    outcome: outcomes.Outcome | None
    standing: outcomes.Standing | None
    proof_source: heal_proofs.Source | None
    proof_seen_at: dt.datetime | None
    # Whether it names a host and a check that a later scan can tell of.
    provable: bool
    wire_id: str
    agent_version: str

    @property
    def meaning(self) -> str | None:
        """Return what its end means, where the state alone would mislead."""
        return ordered.meaning(
            self.kind, self.outcome, self.standing, self.proof_source, provable=self.provable
        )

    @property
    def caution(self) -> str | None:
        """Return what its agent version does not do, while it is open."""
        open_still = self.state in ordered.LIVE
        return ordered.caution(self.kind, [self.agent_version]) if open_still else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """On how many of its appliances a rule has come how far."""

    rule: UUID
    appliances: int
    delivered: int
    active: int
    matching: int
    succeeding: int
    stuck: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDay:
    """What was received at one level on one UTC day."""

    day: dt.date
    level: str
    successes: int
    failures: int


async def sites(
    connection: Connection,
    *,
    text: str | None = None,
    after: str | None = None,
    id: UUID | None = None,
    seen_since: dt.datetime,
    limit: int,
) -> list[SiteRow]:
    """Return sites in the order of their slugs; ``text`` is looked for in all their names."""
    rows = await connection.fetch(
        *_SQL["sites"](text=text, after=after, id=id, limit=limit, seen_since=seen_since)
    )
    return [SiteRow(**row) for row in rows]


async def orders(
    connection: Connection,
    site_id: UUID,
    *,
    only_open: bool,
    text: str | None,
    before: tuple[dt.datetime, str] | None,
    limit: int,
) -> list[OrderRow]:
    """Return a site's orders, the newest first; ``text`` is in their kind, names or ids."""
    at, id = before or (None, None)
    rows = await connection.fetch(
        *_SQL["orders"](site_id=site_id, only_open=only_open, at=at, id=id, limit=limit, text=text)
    )
    return [OrderRow(**row) for row in rows]


async def standings(connection: Connection, rules: Sequence[UUID]) -> dict[UUID, Standing]:
    """Return how far rules have come; one that is for no appliance is missing."""
    rows = await connection.fetch(*_SQL["standings"](rules=list(rules)))
    return {row["rule"]: Standing(**row) for row in rows}


async def news(connection: Connection) -> News:
    """Return what differs as soon as something that pages show has changed."""
    return _told(await connection.fetchrow(*_SQL["news"]()))


async def news_of_all(connection: Connection) -> News:
    """Return what differs as soon as something that operators' pages show has changed."""
    return _told(await connection.fetchrow(*_SQL["news_of_all"]()))


def _told(row: Record | None) -> News:
    return News(values=() if row is None else tuple(row.values()))


async def days(
    connection: Connection, since: dt.datetime, until: dt.datetime, site_id: UUID | None = None
) -> list[LevelDay]:
    """Return what was received between two moments, by day and level; empty days are missing."""
    rows = await connection.fetch(*_SQL["days"](since=since, until=until, site_id=site_id))
    return [LevelDay(**row) for row in rows]
