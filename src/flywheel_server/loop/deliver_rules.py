"""Delivery: approved rules go to the appliances, and what does not arrive becomes an alarm."""

from flywheel_server import log
from flywheel_server.actions import deliveries
from flywheel_server.db import Connection
from flywheel_server.loop.step import Turn

_log = log.get(__name__)


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Observe, push, withdraw and watch; return facts taken and things changed or ordered."""
    facts, changed = await deliveries.observe(connection, turn.now)
    changed += await deliveries.push(connection, turn.scope, turn.now)
    changed += await deliveries.withdraw(connection, turn.scope, turn.now)
    ended, newly = await deliveries.watch(connection, turn.now)
    if newly:
        _log.warning("approved rules do not run", newly=len(newly))
    return facts, changed + ended + len(newly)
