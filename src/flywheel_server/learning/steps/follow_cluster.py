"""Before anything is counted: after a restore into another cluster, all counts are made anew."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.learning.actions import folds


async def run(connection: Connection, turn: Turn) -> Counts:
    """Rebuild the counts where their marks mean nothing."""
    return {"rebuilds_after_a_restore": int(await folds.follow_cluster(connection, turn.now))}
