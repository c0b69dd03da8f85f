"""Executions are counted by level and day, so that a chart of the whole platform costs nothing."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.learning.actions import folds


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Fold what is new into its days; return facts taken and rows changed."""
    return await folds.days(connection, turn.now)
