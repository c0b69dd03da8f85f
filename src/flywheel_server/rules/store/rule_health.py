"""How watched rules do: the attempts they were judged by, and the numbers of their detector.

Outcomes travel as text, one character for each attempt in the order of the fold: 1 healed, 0 not.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.rules.model.e_detector import Numbers

_SQL = load("rule_health")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a rule does since it was promoted or last enabled by a person."""

    rule: UUID
    restarted_at: dt.datetime
    value: float
    attempts: int
    successes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A rule whose numbers lag behind its attempts."""

    rule: UUID
    restarted_at: dt.datetime
    last_seq: int
    value: float
    enabled: bool
    numbers: Numbers
    attempts: int
    successes: int
    # Outcomes that were counted before and are to be counted again, then the new ones.
    again: str
    fresh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """What the numbers of a rule have become."""

    rule: UUID
    # For whose time they hold: if a person started the rule anew meanwhile, they do not.
    restarted_at: dt.datetime
    last_seq: int
    value: float
    attempts: int
    successes: int
    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the oldest attempts of a rule came to, and outcomes that follow on them."""

    rule: UUID
    last_seq: int
    numbers: Numbers
    attempts: int
    successes: int
    outcomes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The stored numbers of a rule, and what they should follow from."""

    rule: UUID
    numbers: Numbers
    value: float
    attempts: int
    successes: int
    base_numbers: Numbers
    base_attempts: int
    base_successes: int
    outcomes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How often a rule healed in one part of its attempts."""

    # `total`, `site`, `host`, `error_category` or `week`.
    kind: str
    site_id: UUID | None
    slug: str | None
    hostname: str | None
    error_category: str | None
    week: dt.datetime | None
    successes: int
    attempts: int


async def adopt(connection: Connection, reported_id: str) -> None:
    """Record the attempts of an id that resolves only now. The caller holds the fold lock."""
    await connection.execute(*_SQL["adopt"](reported_id=reported_id))


async def due(connection: Connection, after: UUID, *, with_chaos: bool, limit: int) -> list[Due]:
    """Return rules behind ``after`` whose numbers lag behind their attempts."""
    rows = await connection.fetch(*_SQL["due"](after=after, with_chaos=with_chaos, limit=limit))
    return [Due(**{**dict(row), "numbers": tuple(row["numbers"])}) for row in rows]


async def advance(connection: Connection, advanced: Sequence[Advanced]) -> None:
    """Store what the numbers have become, where no person started the rule anew meanwhile."""
    one, two, three, four, five = zip(*(each.numbers for each in advanced), strict=True)
    await connection.execute(
        *_SQL["advance"](
            rules=[each.rule for each in advanced],
            restarted_at=[each.restarted_at for each in advanced],
            last_seqs=[each.last_seq for each in advanced],
            values=[each.value for each in advanced],
            attempts=[each.attempts for each in advanced],
            successes=[each.successes for each in advanced],
            one=one,
            two=two,
            three=three,
            four=four,
            five=five,
        )
    )


async def restart(connection: Connection, rule: UUID, now: dt.datetime) -> None:
    """Judge a rule by nothing that began before ``now``."""
    await connection.execute(*_SQL["restart"](rule=rule, now=now))


async def judge_again(connection: Connection, rule: UUID) -> None:
    """Have the next turn judge this rule as if none of its attempts had been seen yet."""
    await connection.execute(*_SQL["judge_again"](rule=rule))


async def count_all_again(connection: Connection) -> None:
    """Have the next turn count every rule's numbers anew."""
    await connection.execute(*_SQL["count_all_again"]())


async def of_rules(connection: Connection, rules: Collection[UUID]) -> dict[UUID, Health]:
    """Return how these rules do; one that was never attempted is missing."""
    rows = await connection.fetch(*_SQL["of_rules"](rules=list(rules)))
    return {row["rule"]: Health(**dict(row)) for row in rows}


async def figures(
    connection: Connection, rule: UUID, since: dt.datetime, until: dt.datetime
) -> list[Figure]:
    """Return a rule's attempts that began in the window, counted by site, host, category, week."""
    rows = await connection.fetch(*_SQL["figures"](rule=rule, since=since, until=until))
    return [Figure(**dict(row)) for row in rows]


async def past_retention(
    connection: Connection, before: dt.datetime, *, with_chaos: bool
) -> list[Base]:
    """Return, for each rule, its oldest attempts whose executions were received before then."""
    rows = await connection.fetch(*_SQL["past_retention"](before=before, with_chaos=with_chaos))
    return [Base(**{**dict(row), "numbers": tuple(row["numbers"])}) for row in rows]


async def compact(
    connection: Connection,
    rule: UUID,
    last_seq: int,
    numbers: Numbers,
    attempts: int,
    successes: int,
) -> None:
    """Keep what a rule's attempts up to ``last_seq`` came to in their place."""
    await connection.execute(
        *_SQL["compact"](
            rule=rule,
            last_seq=last_seq,
            numbers=list(numbers),
            attempts=attempts,
            successes=successes,
        )
    )


async def forget(connection: Connection) -> None:
    """Remove attempts whose execution is not there, before a rebuild folds all anew."""
    await connection.execute(*_SQL["forget"]())


async def recount_attempts(connection: Connection) -> tuple[int, int]:
    """Compare the attempts with the executions; return how many were compared, how many differ."""
    row = await connection.fetchrow(*_SQL["recount_attempts"]())
    return (row["compared"], row["differing"]) if row else (0, 0)


async def recorded(connection: Connection, *, with_chaos: bool) -> list[Recorded]:
    """Return the stored numbers of every rule with the attempts they follow from."""
    rows = await connection.fetch(*_SQL["recorded"](with_chaos=with_chaos))
    return [
        Recorded(
            **{
                **dict(row),
                "numbers": tuple(row["numbers"]),
                "base_numbers": tuple(row["base_numbers"]),
            }
        )
        for row in rows
    ]
