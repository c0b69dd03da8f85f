"""Delivery, second half: rules go to appliances, and what does not arrive becomes an alarm."""

from flywheel_server.core import log
from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.rules.actions import deliveries, remains

_log = log.get(__name__)


async def run(connection: Connection, turn: Turn) -> Counts:
    """Begin, push, withdraw and watch."""
    # What this turn has promoted is on its way with it.
    begun = await deliveries.begin(connection)
    pushed = await deliveries.push(connection, turn.scope, turn.now)
    taken_back, synced = await deliveries.withdraw(connection, turn.scope, turn.now)
    ended, newly = await deliveries.watch(connection, turn.now)
    if newly:
        _log.warning("approved rules do not run", newly=len(newly))
    left = await remains.watch(connection, turn.now)
    if left:
        _log.warning("rules that were switched off still run", newly=left)
    return {
        "deliveries_begun": begun,
        "rules_pushed": pushed,
        "orders_taken_back": taken_back,
        "syncs_ordered": synced,
        "alarms_raised": len(newly) + left,
        "alarms_ended": ended,
    }
