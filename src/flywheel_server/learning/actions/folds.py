"""Rebuilds all counts from the facts, and compares them with a recount."""

import datetime as dt

from flywheel_server.core import log
from flywheel_server.core.db import Connection
from flywheel_server.folds import actions, store as folds
from flywheel_server.folds.store import Recount
from flywheel_server.rules.actions import rule_health as health
from flywheel_server.rules.store import rule_health

_log = log.get(__name__)


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
    await actions.patterns(connection, now)
    await actions.platform(connection, now)
    await actions.rules(connection, now)
    await rule_health.count_all_again(connection)
    await actions.deliveries(connection, now)
    await actions.days(connection, now)
    await folds.aggregate_platform(connection, sorted(await folds.all_pairs(connection)), now)
    await folds.count_rules(connection, await folds.all_rules(connection))


async def verify(connection: Connection) -> list[Recount]:
    """Compare every fold with a recount of the facts up to its mark."""
    await folds.lock(connection)
    found = [await folds.recount(connection, name) for name in folds.RECOUNTS]
    return found + await health.verify(connection)
