"""Step 0: L2 executions become patterns."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.learning.actions import folds


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Fold what L2 did since the last turn; return facts taken and rows changed."""
    return await folds.patterns(connection, turn.now)
