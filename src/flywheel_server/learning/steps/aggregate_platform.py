"""Step 3: (incident type, runbook) is counted across all contributing organizations."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.learning.actions import folds


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Fold what is new into the platform's aggregates; return facts taken and rows changed."""
    return await folds.platform(connection, turn.now)
