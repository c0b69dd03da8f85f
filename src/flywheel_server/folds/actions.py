"""Folds new executions into the counts. Each function is one idempotent transaction's work.

Folds share a lock and have one each of their own; every other writer of folded counts holds the
shared one alone. So a mark and its counts always agree, and different folds run side by side.
"""

import datetime as dt

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.folds import store as folds
from flywheel_server.folds.store import Fold
from flywheel_server.policy import store as policies

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
