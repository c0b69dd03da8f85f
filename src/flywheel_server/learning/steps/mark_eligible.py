"""Step 2: a pattern becomes a candidate when its gates open, and stops being one when one shuts."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.learning.actions import eligibility
from flywheel_server.policy import store as policies


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Look at the gates that may have changed; return patterns looked at and states changed."""
    policy = await policies.in_force(connection)
    return await eligibility.evaluate(connection, policy, turn.now)
