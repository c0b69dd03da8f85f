"""Step 0: L2 executions become patterns."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.folds import actions


async def run(connection: Connection, turn: Turn) -> Counts:
    """Fold what L2 did since the last turn."""
    facts, changed = await actions.patterns(connection, turn.now)
    return {"facts_read": facts, "patterns_changed": changed}
