"""Takes in what came of an order, and makes a plan's healing order an execution."""

import datetime as dt
from typing import Literal

from flywheel_server.core import db, listener
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import (
    ApplianceScope,
)
from flywheel_server.executions.actions import order_executions
from flywheel_server.executions.model import completions
from flywheel_server.fleet.store import appliances
from flywheel_server.orders import actions as orders, store
from flywheel_server.orders.model.orders import Order
from flywheel_server.orders.model.outcomes import Said

Completion = Literal["completed", "already_completed", "recorded_late"]


async def complete(
    connection: Connection, scope: ApplianceScope, id: str, said: Said, *, now: dt.datetime
) -> tuple[Completion, Order]:
    """Keep what came of an order, by what its agent version can know; again changes nothing.

    Raises NotFound for another appliance's order.
    """
    order = await orders.own(connection, scope, id)
    if order.reported_at is not None:
        return "already_completed", order
    # The deadline is the server's to enforce, whether or not the loop has come by since.
    await orders.expire(connection, order.site_id, order.appliance_id, now)
    appliance = await appliances.get(connection, order.site_id, order.appliance_id)
    if appliance is None:
        raise LookupError("an order's appliance is never deleted")
    meaning = completions.read(
        said, healing=order.kind == "healing", agent_version=appliance.agent_version
    )
    kept = await store.complete(connection, order.site_id, id, said, meaning, now)
    if kept is None:
        raise LookupError("a locked order without a report takes one")
    if order.kind == "healing":
        await order_executions.record(connection, kept, meaning, now)
    if order.kind == "restart_agent" and meaning.outcome in {"success", "unknown"}:
        await appliances.restarted(connection, order.site_id, order.appliance_id, now)
    await db.announce(connection, listener.APPLIANCES, str(order.appliance_id))
    return "completed" if kept.state in {"completed", "failed"} else "recorded_late", kept
