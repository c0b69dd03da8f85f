"""Before anything is counted: after a restore into another cluster, all counts are made anew."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.learning.actions import folds


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Rebuild the counts where their marks mean nothing; return 0 and whether it was done."""
    return 0, int(await folds.follow_cluster(connection, turn.now))
