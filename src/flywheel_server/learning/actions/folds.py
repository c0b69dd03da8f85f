"""Brings the counts up to the facts. Each function is one idempotent transaction's work.

Folds share a lock and have one each of their own; every other writer of folded counts holds the
shared one alone. So a mark and its counts always agree, and different folds run side by side.
"""

import datetime as dt

from flywheel_server.core import errors, log
from flywheel_server.core.db import Connection
from flywheel_server.learning.store import folds
from flywheel_server.learning.store.folds import Fold, Recount
from flywheel_server.policy import store as policies
from flywheel_server.rules.actions import rule_health as health
from flywheel_server.rules.store import rule_health

_log = log.get(__name__)

# An organization that changed its mind may have said so before the last turn, and been committed
# after it: longer than any transaction.
_OVERLAP = dt.timedelta(minutes=15)


async def patterns(connection: Connection, now: dt.datetime) -> tuple[int, int]:
    """Fold new L2 executions into patterns; return facts taken and patterns changed."""
    since = await _begin(connection, "patterns", now)
    # Under the folds' lock, which a change of the policy takes, too: it marks every pattern as due.
    policy = await policies.in_force(connection)
    return await folds.fold_patterns(connection, since.mark, policy, now)


async def platform(connection: Connection, now: dt.datetime) -> tuple[int, int]:
    """Fold new L2 executions into the platform's aggregates; return facts and pairs changed."""
    since = await _begin(connection, "platform", now)
    facts, pairs = await folds.fold_platform(connection, since.mark, now)
    changed = await folds.pairs_of_changed_organizations(connection, since.folded_at - _OVERLAP)
    anew = {*changed, *(pair for pair, up_to_date in pairs.items() if not up_to_date)}
    if anew:
        await folds.aggregate_platform(connection, sorted(anew), now)
    return facts, len({*pairs, *changed})


async def rules(connection: Connection, now: dt.datetime) -> tuple[int, int]:
    """Fold new L1 executions into the counters of rules, and into the attempts of watched ones.

    Returns facts taken and rules changed.
    """
    since = await _begin(connection, "rules", now)
    return await folds.fold_rules(connection, since.mark, now)


async def deliveries(connection: Connection, now: dt.datetime) -> tuple[int, int]:
    """Fold new L1 executions into what they prove of deliveries; return facts and rows changed."""
    since = await _begin(connection, "deliveries", now)
    return await folds.fold_deliveries(connection, since.mark, now)


async def days(connection: Connection, now: dt.datetime) -> tuple[int, int]:
    """Fold new executions of every level into their days; return facts and days changed."""
    since = await _begin(connection, "days", now)
    return await folds.fold_days(connection, since.mark, now)


async def resolve_anew(connection: Connection, alias: str, now: dt.datetime) -> None:
    """Fold what was kept unresolved under ``alias`` in, in the transaction that adds the alias."""
    await folds.lock(connection)
    await folds.move_patterns(connection)
    await folds.mark_runbook_due(connection, alias)
    pairs = await folds.move_platform(connection, alias)
    if pairs:
        await folds.aggregate_platform(connection, sorted(pairs), now)
    await rule_health.adopt(connection, alias)
    rules = await folds.move_rules(connection, alias)
    if rules:
        await folds.count_rules(connection, rules)


async def follow_cluster(connection: Connection, now: dt.datetime) -> bool:
    """Count everything anew after a restore into another cluster; say whether that was needed.

    Transaction ids, and so marks, mean nothing there.
    """
    if not await folds.restored_elsewhere(connection):
        return False
    await rebuild(connection, now)
    return True


async def rebuild(connection: Connection, now: dt.datetime) -> None:
    """Count everything anew from the facts, as after a restore into another cluster."""
    await folds.lock(connection)
    await folds.forget(connection)
    await rule_health.forget(connection)
    for fold in folds.FOLDS:
        await folds.start(connection, fold, now)
    _log.warning("all counts are rebuilt from the facts")
    await patterns(connection, now)
    await platform(connection, now)
    await rules(connection, now)
    await rule_health.count_all_again(connection)
    await deliveries(connection, now)
    await days(connection, now)
    await folds.aggregate_platform(connection, sorted(await folds.all_pairs(connection)), now)
    await folds.count_rules(connection, await folds.all_rules(connection))


async def verify(connection: Connection) -> list[Recount]:
    """Compare every fold with a recount of the facts up to its mark."""
    await folds.lock(connection)
    found = [await folds.recount(connection, name) for name in folds.RECOUNTS]
    return found + await health.verify(connection)


async def _begin(connection: Connection, fold: Fold, now: dt.datetime) -> folds.Mark:
    await folds.share(connection, fold)
    await folds.plan_by_index(connection)
    mark = await folds.mark(connection, fold)
    if mark is None:
        await folds.start(connection, fold, now)
        mark = await folds.mark(connection, fold)
    if mark is None:
        raise LookupError("a fold that was started has a mark")
    if mark.elsewhere:
        raise errors.Unavailable(
            "These counts come from another cluster. The next turn counts them anew, and so does "
            "`flywheel-server step follow_cluster`."
        )
    return mark
