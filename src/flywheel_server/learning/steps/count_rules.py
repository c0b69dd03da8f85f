"""Step 5, first half: what L1 did becomes counters of rules, and attempts to judge them by."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.folds import actions


async def run(connection: Connection, turn: Turn) -> Counts:
    """Fold what L1 did since the last turn."""
    facts, changed = await actions.rules(connection, turn.now)
    return {"facts_read": facts, "rules_counted": changed}
