"""Keeps what agents aggregate themselves, and their housekeeping documents.

It repeats what they also report as executions, so it is shown and feeds no gate.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.core.sql import load
from flywheel_server.fleet.store import appliances

_SQL = load("pattern_reports")
_DOCUMENTS = load("appliance_documents")

DocumentKind = Literal[
    "domain-discovered", "enumeration-results", "agent-deployments", "devices", "promotion-report"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heal:
    """One heal that an agent counts for a pattern of its own."""

    signature: str
    check_type: str
    hostname: str | None
    success: bool
    milliseconds: float
    steps: list[str] | None
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is known of a heal's pattern after counting it."""

    pattern_id: UUID
    created: bool
    occurrences: int
    successes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """An agent's cumulative counters of one pattern."""

    signature: str
    occurrences: int
    successes: int
    l1_resolutions: int
    l2_resolutions: int
    l3_resolutions: int
    total_milliseconds: float
    recommended_action: str | None
    last_seen_at: dt.datetime


async def count_heal(connection: Connection, scope: ApplianceScope, heal: Heal) -> Counted:
    """Count one heal. Agents send it once, without an id to know a repeat by."""
    row = await connection.fetchrow(
        *_SQL["count_heal"](
            site_id=scope.site_id,
            reporter_id=await reporter(connection, scope, None),
            signature=heal.signature,
            check_type=heal.check_type,
            hostname=heal.hostname,
            success=int(heal.success),
            milliseconds=heal.milliseconds,
            steps=heal.steps,
            at=heal.at,
        )
    )
    if row is None:
        raise LookupError("the heal left no row")
    return Counted(
        pattern_id=row["id"],
        created=row["created"],
        occurrences=row["occurrences"],
        successes=row["successes"],
    )


async def merge_stats(
    connection: Connection, scope: ApplianceScope, appliance: str | None, stats: Iterable[Stats]
) -> int:
    """Keep the newest counters of each pattern; return how many patterns were new.

    A repeat or an older total changes nothing.
    """
    newest = _newest(stats)
    return int(
        await connection.fetchval(
            *_SQL["merge_stats"](
                site_id=scope.site_id,
                reporter_id=await reporter(connection, scope, appliance),
                signatures=[each.signature for each in newest],
                occurrences=[each.occurrences for each in newest],
                successes=[each.successes for each in newest],
                l1_resolutions=[each.l1_resolutions for each in newest],
                l2_resolutions=[each.l2_resolutions for each in newest],
                l3_resolutions=[each.l3_resolutions for each in newest],
                total_milliseconds=[each.total_milliseconds for each in newest],
                recommended_actions=[each.recommended_action for each in newest],
                last_seen_at=[each.last_seen_at for each in newest],
            )
        )
    )


async def keep_document(
    connection: Connection,
    scope: ApplianceScope,
    *,
    kind: DocumentKind,
    appliance: str | None,
    body: dict[str, object],
    now: dt.datetime,
) -> None:
    """Keep the newest document of a kind with its appliance, else with the site."""
    reporter_id = await reporter(connection, scope, appliance)
    await connection.execute(
        *_DOCUMENTS["keep"](
            site_id=scope.site_id, reporter_id=reporter_id, kind=kind, body=body, now=now
        )
    )


async def reporter(connection: Connection, scope: ApplianceScope, text: str | None) -> UUID | None:
    """Return who reports: the key's appliance, else the one named, else the site's only one."""
    if scope.appliance_id is not None:
        return scope.appliance_id
    if text:
        named = await appliances.resolve(connection, scope.site_id, text)
        if named is not None:
            return named.id
    ours = await connection.fetch(*_DOCUMENTS["only_appliance"](site_id=scope.site_id))
    return ours[0]["id"] if len(ours) == 1 else None


def _newest(stats: Iterable[Stats]) -> list[Stats]:
    """Leave one of each signature: a statement may touch a row only once."""
    newest: dict[str, Stats] = {}
    for each in stats:
        known = newest.get(each.signature)
        if known is None or _age(known) < _age(each):
            newest[each.signature] = each
    return list(newest.values())


def _age(stats: Stats) -> tuple[int, dt.datetime]:
    return stats.occurrences, stats.last_seen_at
