"""Step 4: what has proven itself across organizations becomes a rule for every appliance."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.learning.actions import promote_platform
from flywheel_server.policy import store as policies


async def run(connection: Connection, turn: Turn) -> Counts:
    """Promote the pairs whose gates are open."""
    policy = await policies.in_force(connection)
    evaluated, promoted = await promote_platform.promote(connection, turn.scope, policy, turn.now)
    return {"platform_patterns_evaluated": evaluated, "rules_promoted": promoted}
