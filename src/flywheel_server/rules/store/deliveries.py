"""Deliveries: where each learnt rule stands on each appliance, moved on by facts alone."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.fleet.store.appliances import Beat
from flywheel_server.rules.model.deliveries import Delivery, Waiting

_SQL = load("deliveries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A rule that has to be sent to an appliance, which will not ask for it."""

    rule: UUID
    site_id: UUID
    appliance_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A rule that should be running on an appliance and is not."""

    rule: UUID
    rule_id: str
    slug: str
    wire_id: str
    agent_version: str
    stuck_at: dt.datetime
    delivered_at: dt.datetime | None
    refusal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Newly:
    """A delivery that has just become stuck."""

    rule: UUID
    appliance_id: UUID
    site_id: UUID
    stuck_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """An appliance that has not been heard of for long."""

    wire_id: str
    slug: str
    agent_version: str
    last_seen_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """When anybody last called what appliances call; None: never, or too long ago to look."""

    first_seen_at: dt.datetime | None
    checkin: dt.datetime | None
    sync: dt.datetime | None
    executions: dt.datetime | None
    # How many appliances ask for rules by themselves.
    pulling: int


async def keep_sets(connection: Connection, sets: Mapping[str, Sequence[str]]) -> None:
    """Keep which rules each rule set holds, by the hash that appliances report."""
    await connection.execute(
        *_SQL["keep_sets"](
            sets=[{"hash": hash, "rule_ids": list(rule_ids)} for hash, rule_ids in sets.items()],
        )
    )


async def kept_sets(connection: Connection, limit: int) -> set[str]:
    """Return the hashes of the sets that were kept last."""
    return {row["hash"] for row in await connection.fetch(*_SQL["kept_sets"](limit=limit))}


async def synced(connection: Connection, beats: Sequence[Beat]) -> None:
    """Keep which set each sync carried."""
    carried = [beat for beat in beats if beat.synced_hash is not None]
    if carried:
        await connection.execute(
            *_SQL["synced"](
                site_ids=[beat.site_id for beat in carried],
                appliance_ids=[beat.appliance_id for beat in carried],
                synced_hashes=[beat.synced_hash for beat in carried],
                synced_at=[beat.synced_at for beat in carried],
            )
        )


async def spread(connection: Connection, since: dt.datetime) -> int:
    """Begin the delivery of rules and for appliances that are new since; return how many."""
    return _count(await connection.execute(*_SQL["spread"](since=since)))


async def forget_excluded(connection: Connection) -> int:
    """Wait no longer where a rule was taken from a tenant before it ran; return how many."""
    return _count(await connection.execute(*_SQL["forget_excluded"]()))


async def observe(connection: Connection, since: dt.datetime) -> int:
    """Move deliveries on by orders, syncs and reports since; return how many moved."""
    moved = 0
    for statement in _FACTS:
        moved += _count(await connection.execute(*statement(since=since)))
    return moved


async def waiting(
    connection: Connection,
    *,
    approved_before: dt.datetime,
    seen_since: dt.datetime,
    loads_at_restart: str,
    limit: int,
) -> list[Waiting]:
    """Return what is not known to run on living appliances, the oldest first."""
    rows = await connection.fetch(
        *_SQL["waiting"](
            approved_before=approved_before,
            seen_since=seen_since,
            loads_at_restart=loads_at_restart,
            limit=limit,
        )
    )
    return [Waiting(**dict(row)) for row in rows]


async def mark_stuck(
    connection: Connection, stuck: Sequence[tuple[Waiting, dt.datetime]]
) -> tuple[int, list[Newly]]:
    """Have exactly these be stuck; return how many are no longer, and which are newly."""
    rules = [each.rule for each, _ in stuck]
    appliances = [each.appliance_id for each, _ in stuck]
    ended = _count(
        await connection.execute(*_SQL["switch_off_stuck"](rules=rules, appliances=appliances))
    )
    rows = await connection.fetch(
        *_SQL["switch_on_stuck"](
            rules=rules, appliances=appliances, since=[since for _, since in stuck]
        )
    )
    return ended, [Newly(**dict(row)) for row in rows]


async def pushes(
    connection: Connection,
    *,
    seen_since: dt.datetime,
    never_pulls: str,
    synced_before: dt.datetime,
    limit: int,
) -> list[Push]:
    """Return what has to be pushed to appliances that are there and do not pull."""
    rows = await connection.fetch(
        *_SQL["pushes"](
            seen_since=seen_since, never_pulls=never_pulls, synced_before=synced_before, limit=limit
        )
    )
    return [Push(**dict(row)) for row in rows]


async def withdrawals(
    connection: Connection, since: dt.datetime, never_pulls: str
) -> list[tuple[UUID, UUID]]:
    """Return (site, appliance) that hold a rule switched off since, and can drop it."""
    rows = await connection.fetch(*_SQL["withdrawals"](since=since, never_pulls=never_pulls))
    return [(row["site_id"], row["appliance_id"]) for row in rows]


async def of_rule(
    connection: Connection, rule: UUID, *, after: UUID | None, limit: int, text: str | None = None
) -> list[Delivery]:
    """Return where a rule stands on each appliance that the caller may see, or that has a text."""
    rows = await connection.fetch(*_SQL["of_rule"](rule=rule, after=after, limit=limit, text=text))
    return [Delivery(**dict(row)) for row in rows]


async def holders(connection: Connection, rules: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the agent version of each appliance that has one of these rules, by rule."""
    found: dict[UUID, list[str]] = {}
    for row in await connection.fetch(*_SQL["holders"](rules=list(rules))):
        found.setdefault(row["rule"], []).extend([row["agent_version"]] * row["appliances"])
    return found


async def in_scope(connection: Connection, scope_id: UUID | None) -> list[str]:
    """Return the agent version of each appliance of a site, organization or partner, or of all."""
    found: list[str] = []
    for row in await connection.fetch(*_SQL["in_scope"](scope_id=scope_id)):
        found.extend([row["agent_version"]] * row["appliances"])
    return found


async def stuck(connection: Connection, limit: int) -> list[Stuck]:
    """Return what should be running and is not, the oldest first."""
    return [Stuck(**dict(row)) for row in await connection.fetch(*_SQL["stuck"](limit=limit))]


async def stuck_total(connection: Connection) -> int:
    """Return how many deliveries are stuck."""
    return int(await connection.fetchval(*_SQL["stuck_total"]()))


async def silent(connection: Connection, before: dt.datetime, limit: int) -> list[Silent]:
    """Return the appliances that were last heard of before then, the longest silent first."""
    return [
        Silent(**dict(row))
        for row in await connection.fetch(*_SQL["silent"](before=before, limit=limit))
    ]


async def endpoints(
    connection: Connection, looked_back_to: dt.datetime, never_pulls: str
) -> Endpoints:
    """Return when what appliances call was last called."""
    row = await connection.fetchrow(
        *_SQL["endpoints"](looked_back_to=looked_back_to, never_pulls=never_pulls)
    )
    if row is None:
        raise LookupError("a SELECT without FROM gives one row")
    return Endpoints(**dict(row))


async def forget_sets(connection: Connection, before: dt.datetime) -> int:
    """Delete the contents of sets that nobody runs any more; return how many."""
    return int(await connection.fetchval(*_SQL["forget_sets"](before=before)))


# In this order: what was ordered, fetched, and what is said to run or to run no more.
_FACTS = (
    _SQL["by_order"],
    _SQL["by_refusal"],
    _SQL["by_sync"],
    _SQL["carried"],
    _SQL["by_report"],
    _SQL["by_absence"],
    _SQL["by_removal"],
)


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
