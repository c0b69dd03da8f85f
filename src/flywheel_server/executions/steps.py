"""Before anything is counted: what an order and a report both tell of one heal counts once."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.executions.actions import order_executions


async def run(connection: Connection, turn: Turn) -> Counts:
    """Take back what appliances reported themselves."""
    return {"executions_taken_back": await order_executions.take_back(connection, turn.now)}
