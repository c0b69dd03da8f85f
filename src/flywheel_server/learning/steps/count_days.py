"""Executions are counted by level and day, so that a chart of the whole platform costs nothing."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.folds import actions


async def run(connection: Connection, turn: Turn) -> Counts:
    """Fold what is new into its days."""
    facts, changed = await actions.days(connection, turn.now)
    return {"facts_read": facts, "daily_counts_changed": changed}
