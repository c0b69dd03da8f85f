"""Before anything is counted: what an order and a report both tell of one heal counts once."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.executions.actions import order_executions


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Take back what appliances reported themselves; return nothing looked at and how many."""
    return 0, await order_executions.take_back(connection, turn.now)
