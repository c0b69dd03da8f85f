"""Delivery, first half: where rules stand on appliances, by what these said, fetched and ran."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.rules.actions import deliveries


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Move deliveries on by what is new; return facts taken and deliveries that changed."""
    return await deliveries.observe(connection, turn.now)
