"""Delivery, second half: rules go to appliances, and what does not arrive becomes an alarm."""

from flywheel_server.core import log
from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.rules.actions import deliveries, remains

_log = log.get(__name__)


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Begin, push, withdraw and watch; return nothing looked at and things changed or ordered."""
    # What this turn has promoted is on its way with it.
    changed = await deliveries.begin(connection)
    changed += await deliveries.push(connection, turn.scope, turn.now)
    changed += await deliveries.withdraw(connection, turn.scope, turn.now)
    ended, newly = await deliveries.watch(connection, turn.now)
    if newly:
        _log.warning("approved rules do not run", newly=len(newly))
    left = await remains.watch(connection, turn.now)
    if left:
        _log.warning("rules that were switched off still run", newly=left)
    return 0, changed + ended + len(newly) + left
