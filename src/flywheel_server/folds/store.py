"""Folds: counts of facts, each fact taken exactly once. ``mark`` says how far a fold has come.

A fold takes, in one statement, the facts that are visible now and were not visible in its mark,
and makes the present snapshot its mark: nothing is missed or taken twice under any concurrency.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.policy.model import Policy

_SQL = load("folds")
_PLATFORM = load("platform_folds")
_RULES = load("rule_folds")
_RECOUNTS = load("recounts")

Fold = Literal["patterns", "platform", "rules", "deliveries", "days"]
FOLDS: tuple[Fold, ...] = ("patterns", "platform", "rules", "deliveries", "days")
RECOUNTS = ("patterns", "platform", "aggregates", "rules", "counters", "days", "keys", "deliveries")

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a fold has come."""

    mark: str
    folded_at: dt.datetime
    # Made in another cluster, and so without meaning here.
    elsewhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """What a comparison of a fold with a recount from the facts found."""

    name: str
    compared: int
    differing: int


async def lock(connection: Connection) -> None:
    """Wait until no other transaction folds, and keep others from it until this one ends."""
    await connection.execute(*_SQL["lock"]())


async def share(connection: Connection, work: Fold | Literal["evidence"]) -> None:
    """Wait until nobody holds the lock or does this work, and keep both so until the end."""
    await connection.execute(*_SQL["share"](work=work))


async def plan_by_index(connection: Connection) -> None:
    """Have the rest of this transaction reach facts by index, whatever the statistics say."""
    await connection.execute(*_SQL["plan_by_index"]())


async def mark(connection: Connection, fold: Fold) -> Mark | None:
    """Return how far ``fold`` has come, or None before its first run."""
    row = await connection.fetchrow(*_SQL["mark"](fold=fold))
    return None if row is None else Mark(**dict(row))


async def start(connection: Connection, fold: Fold, now: dt.datetime) -> None:
    """Set ``fold`` back to the beginning, where nothing has been taken."""
    await connection.execute(*_SQL["start"](fold=fold, now=now))


async def restored_elsewhere(connection: Connection) -> bool:
    """Say whether a fold's mark was made in another cluster than this one."""
    return bool(await connection.fetchval(*_SQL["elsewhere"](folds=FOLDS)))


async def fold_patterns(
    connection: Connection, since: str, policy: Policy, now: dt.datetime
) -> tuple[int, int]:
    """Fold new L2 facts into patterns; return how many facts, and how many patterns changed.

    Those whose state may change under this policy are due.
    """
    row = await connection.fetchrow(
        *_SQL["fold_patterns"](
            since=since,
            now=now,
            site_min_occurrences=policy.site_min_occurrences,
            site_min_successes=policy.site_min_successes,
            # Exact, as the gates compare it.
            site_min_success_rate=Decimal(str(policy.site_min_success_rate)),
            require_verified=policy.require_verified,
            learn_from_chaos=policy.learn_from_chaos,
        )
    )
    return (row["rows_in"], row["rows_out"]) if row else (0, 0)


async def fold_platform(
    connection: Connection, since: str, now: dt.datetime
) -> tuple[int, dict[Pair, bool]]:
    """Fold new L2 facts into the platform's counts by site, and into its aggregates.

    Returns how many facts, and for each pair that changed whether its aggregates are up to date:
    where a site began to count, or ceased to, they are not until ``aggregate_platform``.
    """
    rows = await connection.fetch(*_PLATFORM["fold_platform"](since=since, now=now))
    pairs = {(row["incident_type"], row["runbook_id"]): row["summed"] for row in rows}
    return sum(row["facts"] for row in rows), pairs


async def pairs_of_changed_organizations(connection: Connection, since: dt.datetime) -> list[Pair]:
    """Return the pairs of organizations that opted in or out since then."""
    rows = await connection.fetch(*_PLATFORM["pairs_of_changed_organizations"](since=since))
    return [(row["incident_type"], row["runbook_id"]) for row in rows]


async def aggregate_platform(
    connection: Connection, pairs: Sequence[Pair], now: dt.datetime
) -> None:
    """Count the given pairs anew over all contributing organizations."""
    types = [pair[0] for pair in pairs]
    runbooks = [pair[1] for pair in pairs]
    await connection.execute(
        *_PLATFORM["aggregate_platform"](types=types, runbooks=runbooks, now=now)
    )
    await connection.execute(*_PLATFORM["aggregate_organizations"](types=types, runbooks=runbooks))


async def fold_rules(connection: Connection, since: str, now: dt.datetime) -> tuple[int, int]:
    """Fold new L1 facts into counters and attempts of rules; return how many, and rules changed."""
    row = await connection.fetchrow(*_RULES["fold_rules"](since=since, now=now))
    return (row["rows_in"], row["rows_out"]) if row else (0, 0)


async def fold_deliveries(connection: Connection, since: str, now: dt.datetime) -> tuple[int, int]:
    """Fold new L1 facts into deliveries; return how many facts, and how many deliveries changed."""
    row = await connection.fetchrow(*_SQL["fold_deliveries"](since=since, now=now))
    return (row["rows_in"], row["rows_out"]) if row else (0, 0)


async def fold_days(connection: Connection, since: str, now: dt.datetime) -> tuple[int, int]:
    """Fold new facts into days and levels; return how many facts, and how many days changed."""
    row = await connection.fetchrow(*_SQL["fold_days"](since=since, now=now))
    return (row["rows_in"], row["rows_out"]) if row else (0, 0)


async def count_rules(connection: Connection, rules: Sequence[UUID]) -> None:
    """Set the counters of these rules to the sums of their counts by site."""
    await connection.execute(*_SQL["count_rules"](rules=rules))


async def move_patterns(connection: Connection) -> None:
    """Move patterns whose reported id has become an alias to their runbook."""
    await connection.execute(*_SQL["move_patterns"]())


async def mark_runbook_due(connection: Connection, alias: str) -> None:
    """Have the gates of the patterns of this alias' runbook looked at anew."""
    await connection.execute(*_SQL["mark_runbook_due"](alias=alias))


async def move_platform(connection: Connection, alias: str) -> list[Pair]:
    """Move the platform's counts whose reported id has become an alias; return changed pairs.

    Where a pair's rule was withdrawn, what was moved counts for another one from then on only.
    """
    rows = await connection.fetch(*_PLATFORM["move_platform"]())
    pairs = [(row["incident_type"], row["runbook_id"]) for row in rows]
    if pairs:
        await connection.execute(*_PLATFORM["forget_dropped_since"](alias=alias))
        await connection.execute(
            *_PLATFORM["count_since_anew"](
                types=[pair[0] for pair in pairs], runbooks=[pair[1] for pair in pairs]
            )
        )
    return pairs


async def move_rules(connection: Connection, reported_id: str) -> list[UUID]:
    """Give unresolved L1 counts of this id the rule it resolves to now; return those rules."""
    rows = await connection.fetch(*_SQL["move_rules"](reported_id=reported_id))
    return sorted({row["rule"] for row in rows})


async def move_known_rules(connection: Connection) -> list[UUID]:
    """Do the same for every id that is a compiled rule's or an alias; return those rules."""
    rules: set[UUID] = set()
    for row in await connection.fetch(*_SQL["unresolved_known"]()):
        rules.update(await move_rules(connection, row["reported_id"]))
    return sorted(rules)


async def forget(connection: Connection) -> None:
    """Set every fold to nothing but what dropped partitions left; facts count as unseen."""
    for statement in (
        _SQL["forget_transactions"],
        _SQL["forget_patterns"],
        _PLATFORM["forget_platform"],
        _SQL["forget_rules"],
        _SQL["forget_deliveries"],
        _SQL["forget_days"],
        _SQL["dropped_patterns"],
        _PLATFORM["dropped_platform"],
        _SQL["dropped_rules"],
    ):
        await connection.execute(*statement())


async def all_pairs(connection: Connection) -> list[Pair]:
    """Return every pair that has been counted."""
    rows = await connection.fetch(*_PLATFORM["all_pairs"]())
    return [(row["incident_type"], row["runbook_id"]) for row in rows]


async def all_rules(connection: Connection) -> list[UUID]:
    """Return every rule."""
    return list(await connection.fetchval(*_SQL["all_rules"]()) or [])


async def recount(connection: Connection, name: str) -> Recount:
    """Compare one fold with a count of all facts up to its mark."""
    row = await connection.fetchrow(*_RECOUNTS[name]())
    if row is None:
        raise LookupError("a recount gives one row")
    return Recount(name=name, compared=row["compared"], differing=row["differing"])
