"""Step 2: a pattern becomes a candidate when its gates open, and stops being one when one shuts."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.learning.actions import eligibility
from flywheel_server.policy import store as policies


async def run(connection: Connection, turn: Turn) -> Counts:
    """Look at the gates that may have changed."""
    policy = await policies.in_force(connection)
    evaluated, changed = await eligibility.evaluate(connection, policy, turn.now)
    return {"patterns_evaluated": evaluated, "states_changed": changed}
