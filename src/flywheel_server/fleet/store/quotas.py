"""What sites write: counted by processes as it comes, and by the loop as rows."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.fleet.model import quotas as domain
from flywheel_server.fleet.model.quotas import Kind, Standing
from flywheel_server.policy.model import Policy

_SQL = load("quotas")

_MOST_PATTERNS = 1_000_000
_SITES_A_TURN = 1_000


class Counted(NamedTuple):
    """What one process counted of a site and a kind on a day."""

    site_id: UUID
    day: dt.date
    kind: str
    bytes: int
    items: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A quota that is used up to the alarm."""

    site_id: UUID
    slug: str
    kind: Kind
    used: int
    refused: int
    since: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Pairs that wait: for a turn with room for their rules, and for an operator's approval."""

    waiting: int
    reason: str
    since: dt.datetime
    asked: int
    # None where none is asked about.
    asked_since: dt.datetime | None


async def add(
    connection: Connection, counted: Sequence[Counted]
) -> dict[tuple[UUID, dt.date, str], tuple[int, int]]:
    """Add what was counted; return the bytes and items of all processes together."""
    rows = await connection.fetch(
        *_SQL["add"](
            site_ids=[each.site_id for each in counted],
            days=[each.day for each in counted],
            kinds=[each.kind for each in counted],
            bytes=[each.bytes for each in counted],
            items=[each.items for each in counted],
            refused=[each.refused for each in counted],
        )
    )
    return {(row["site_id"], row["day"], row["kind"]): (row["bytes"], row["items"]) for row in rows}


async def rows_of(connection: Connection, site_ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """Return how many rows of each kind the loop counted at these sites."""
    rows = await connection.fetch(*_SQL["rows_of"](site_ids=site_ids))
    return {(row["site_id"], row["kind"]): row["counted"] for row in rows}


async def patterns_of(connection: Connection, site_id: UUID) -> list[tuple[str, str, str]]:
    """Return incident type, runbook and host of each pattern of a site."""
    rows = await connection.fetch(
        *_SQL["patterns_of"](site_id=site_id, most_patterns=_MOST_PATTERNS)
    )
    return [(row["incident_type"], row["runbook_id"], row["hostname"]) for row in rows]


async def count_rows(connection: Connection, now: dt.datetime) -> int:
    """Count the rows of sites that wrote something since; return how many figures changed."""
    return int(await connection.fetchval(*_SQL["count_rows"](now=now, sites_a_turn=_SITES_A_TURN)))


async def forget(connection: Connection, now: dt.datetime) -> int:
    """Forget what sites used on old days; return how many rows."""
    return int(await connection.fetchval(*_SQL["forget"](now=now)))


async def of_site(
    connection: Connection, site_id: UUID, policy: Policy, now: dt.datetime
) -> list[Standing]:
    """Return how much of each quota a site uses."""
    rows = await connection.fetch(
        *_SQL["of_site"](site_id=site_id, day=now.astimezone(dt.UTC).date())
    )
    used: dict[str, int] = {}
    for row in rows:
        used[row["kind"]] = row["bytes"] if row["kind"] in domain.TRAFFIC else row["items"]
        if row["kind"] == "evidence":
            used["bundles"] = row["items"]
    kinds: tuple[Kind, ...] = (*domain.TRAFFIC, *domain.ROWS)
    return [
        Standing(kind=kind, used=used.get(kind, 0), limit=domain.limit(policy, kind))
        for kind in kinds
    ]


async def near(
    connection: Connection,
    limits: Mapping[Kind, int],
    now: dt.datetime,
    *,
    site_id: UUID | None = None,
    limit: int,
) -> list[Near]:
    """Return the quotas that are used up to the alarm, the fullest first."""
    rows = await connection.fetch(
        *_SQL["near"](
            day=now.astimezone(dt.UTC).date(),
            kinds=list(limits),
            near=[int(most * domain.NEAR) for most in limits.values()],
            site_id=site_id,
            limit=limit,
        )
    )
    return [Near(**row) for row in rows]


async def incident_is_open(
    connection: Connection, site_id: UUID, hostname: str, check_type: str
) -> bool:
    """Say whether the incident of a host's check is open."""
    return bool(
        await connection.fetchval(
            *_SQL["incident_is_open"](site_id=site_id, hostname=hostname, check_type=check_type)
        )
    )


async def set_backlog(
    connection: Connection, waiting: int, reason: str, asked: int, now: dt.datetime
) -> None:
    """Note how many rules of the platform wait for a later turn, and why; and for an operator."""
    await connection.execute(
        *_SQL["set_backlog"](waiting=waiting, reason=reason, now=now, asked=asked)
    )


async def backlog(connection: Connection) -> Backlog | None:
    """Return the rules of the platform that wait; None before the first turn."""
    row = await connection.fetchrow(*_SQL["backlog"]())
    return None if row is None else Backlog(**row)


async def platform_rules(connection: Connection) -> int:
    """Return how many rules of the platform are enabled."""
    return int(await connection.fetchval(*_SQL["platform_rules"]()))
