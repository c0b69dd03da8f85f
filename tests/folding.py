"""Folding by hand, and what a recount makes of it."""

from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.folds import actions, store as stored
from flywheel_server.learning.actions import folds

LOOP = LoopScope(reason="tests fold by hand")


async def fold_all(database: db.Database) -> None:
    """Take what is new, each fold in a transaction of its own."""
    for fold in (
        actions.patterns,
        actions.platform,
        actions.rules,
        actions.deliveries,
        actions.days,
    ):
        async with db.transaction(database, LOOP) as connection:
            await fold(connection, clock.now())


async def differences(database: db.Database) -> dict[str, int]:
    """Return in how many rows each fold differs from a recount, where it does."""
    async with db.transaction(database, LOOP) as connection:
        found = await folds.verify(connection)
    assert {each.name for each in found} >= set(stored.RECOUNTS)
    return {each.name: each.differing for each in found if each.differing}
