"""Delivery, first half: where rules stand on appliances, by what these said, fetched and ran."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.rules.actions import deliveries


async def run(connection: Connection, turn: Turn) -> Counts:
    """Move deliveries on by what is new."""
    facts, changed = await deliveries.observe(connection, turn.now)
    return {"facts_read": facts, "deliveries_changed": changed}
