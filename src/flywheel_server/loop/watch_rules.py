"""Step 5: what L1 did becomes the counters of its rules."""

from flywheel_server.actions import folds
from flywheel_server.db import Connection
from flywheel_server.loop.step import Turn


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Fold what L1 did since the last turn; return facts taken and rows changed."""
    return await folds.rules(connection, turn.now)
