"""Step 3: (incident type, runbook) is counted across all contributing organizations."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.folds import actions


async def run(connection: Connection, turn: Turn) -> Counts:
    """Fold what is new into the platform's aggregates."""
    facts, changed = await actions.platform(connection, turn.now)
    return {"facts_read": facts, "platform_patterns_changed": changed}
