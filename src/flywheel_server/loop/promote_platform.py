"""Step 4: what has proven itself across organizations becomes a rule for every appliance."""

from flywheel_server.actions import promote_platform
from flywheel_server.db import Connection
from flywheel_server.loop.step import Turn


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Promote the pairs whose gates are open; return pairs looked at and rules made."""
    return await promote_platform.promote(connection, turn.scope, turn.policy, turn.now)
