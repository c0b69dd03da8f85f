"""What a person has to look at about a rule, until they answer or it is over."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("rule_alarms")

Kind = Literal["withdrawn", "quarantined", "evidence_gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAlarm:
    """One matter of a rule. It lasts until ``over_at``, and is answered by one person at most."""

    id: UUID
    rule: UUID
    kind: Kind
    partner_id: UUID | None
    organization_id: UUID | None
    site_id: UUID | None
    reason: str
    began_at: dt.datetime
    answered_by: str | None
    answered_at: dt.datetime | None
    answer: str | None
    over_at: dt.datetime | None
    rule_id: str = ""
    organization_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """A rule whose evidence may be gone: its pattern, and the gates of its promotion."""

    pattern: Any
    rule: UUID
    gates: Sequence[dict[str, Any]]


async def begin(
    connection: Connection,
    *,
    rule: UUID,
    kind: Kind,
    partner_id: UUID | None,
    organization_id: UUID | None,
    site_id: UUID | None,
    reason: str,
    now: dt.datetime,
) -> bool:
    """Begin a matter; False where the same one lasts already, answered or not."""
    return (
        await connection.fetchval(
            *_SQL["begin"](
                rule=rule,
                kind=kind,
                partner_id=partner_id,
                organization_id=organization_id,
                site_id=site_id,
                reason=reason,
                now=now,
            )
        )
        is not None
    )


async def end_over(connection: Connection, now: dt.datetime, rule: UUID | None = None) -> None:
    """End what is over: of one rule, or of every."""
    await connection.execute(*_SQL["end_over"](rule=rule, now=now))


async def end_proven(connection: Connection, rules: Collection[UUID], now: dt.datetime) -> None:
    """End that these rules' evidence is gone: it is there again."""
    await connection.execute(*_SQL["end_proven"](rules=list(rules), now=now))


async def lasting(connection: Connection) -> list[UUID]:
    """Return the rules whose evidence is gone, as far as is known."""
    return [row["rule"] for row in await connection.fetch(*_SQL["lasting"]())]


async def answer(
    connection: Connection, id: UUID, by: str, text: str, now: dt.datetime
) -> RuleAlarm | None:
    """Keep what a person answered; None where it is answered, or over, or not theirs to see."""
    row = await connection.fetchrow(*_SQL["answer"](id=id, by=by, now=now, text=text))
    return None if row is None else RuleAlarm(**dict(row))


async def get(connection: Connection, id: UUID) -> RuleAlarm | None:
    """Return one."""
    row = await connection.fetchrow(*_SQL["get"](id=id))
    return None if row is None else RuleAlarm(**dict(row))


async def unanswered(
    connection: Connection, most: int, *, for_operators: bool = False
) -> list[RuleAlarm]:
    """Return what waits for a person, the longest lasting first."""
    rows = await connection.fetch(*_SQL["open"](for_operators=for_operators, most=most))
    return [RuleAlarm(**dict(row)) for row in rows]


async def of_rules(connection: Connection, rules: Collection[UUID]) -> list[RuleAlarm]:
    """Return what lasts about these rules, answered or not, the oldest first."""
    rows = await connection.fetch(*_SQL["of_rules"](rules=list(rules)))
    return [RuleAlarm(**dict(row)) for row in rows]


async def fallen_platform(
    connection: Connection, least_rate: float, rules: Collection[UUID]
) -> list[Fallen]:
    """Return platform rules that have less to show than when they were made, and these rules."""
    rows = await connection.fetch(
        *_SQL["fallen_platform"](least_rate=least_rate, rules=list(rules))
    )
    return [Fallen(**dict(row)) for row in rows]


async def promoted_of(
    connection: Connection, patterns: Collection[str], rules: Collection[UUID]
) -> list[Fallen]:
    """Return the promoted rules of these patterns, and these rules: once for each pattern."""
    rows = await connection.fetch(*_SQL["promoted_of"](patterns=list(patterns), rules=list(rules)))
    return [Fallen(pattern=row["pattern_id"], rule=row["rule"], gates=row["gates"]) for row in rows]
