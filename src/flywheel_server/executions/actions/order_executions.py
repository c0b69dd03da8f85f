"""Makes the healing order of an approved plan an execution, so that manual mode teaches as well.

It is written with the completion, and its id is made of the order's: once, however often the
completion comes. Where the appliance reports the heal itself, its own report counts instead.
"""

import datetime as dt
import hashlib
import json

from flywheel_server.core.db import Connection
from flywheel_server.executions.model import executions as executions_model
from flywheel_server.executions.model.executions import CLAIMS, Fact, Outcome
from flywheel_server.executions.store import executions, order_executions as store
from flywheel_server.orders.model.orders import OF_ORDER, Order
from flywheel_server.orders.model.outcomes import Meaning

# More than a turn meets; the next one goes on.
_MOST_REPEATED = 1_000
# What stands for the digest of a version that has no fact; `keys` in folds/recounts.sql
# knows it.
_TAKEN_BACK = b"taken back"


async def record(connection: Connection, order: Order, meaning: Meaning, now: dt.datetime) -> None:
    """Keep what came of a plan's order as an execution of the plan's incident."""
    plan = await store.plan(connection, order.site_id, order.id)
    if plan is None:
        return
    if await store.reported(connection, order.site_id, plan.incident_id, plan.decided_at):
        return
    fact = _fact(order, plan, meaning)
    if await executions.add(connection, fact):
        await store.note(
            connection,
            order.site_id,
            plan.id,
            fact.execution_id,
            fact.outcome,
            verified=fact.verified,
            now=now,
        )


async def take_back(connection: Connection, now: dt.datetime) -> int:
    """Take back the executions of orders that appliances reported themselves; return how many.

    For the loop, before it counts: no heal is counted twice.
    """
    done = 0
    found = await store.repeated(
        connection, now - executions_model.AWAITED, OF_ORDER, _MOST_REPEATED
    )
    for site_id, execution_id in found:
        await executions.lock(connection, site_id, execution_id)
        versions = await executions.versions(connection, site_id, execution_id)
        if not versions or versions[0].digest == _TAKEN_BACK:
            continue
        if await executions.reverse(connection, site_id, execution_id, versions[0]) is None:
            continue
        await executions.note_version(
            connection, site_id, execution_id, versions[0].revision + 1, _TAKEN_BACK
        )
        done += 1
    return done


async def verify(connection: Connection, now: dt.datetime) -> int:
    """Give orders what a check or a later scan says of their heals; return how many changed."""
    return await store.verify(connection, now - executions_model.AWAITED, now)


def _fact(order: Order, plan: store.Plan, meaning: Meaning) -> Fact:
    told = {"order_id": order.id, "plan_id": str(plan.id)}
    return Fact(
        site_id=order.site_id,
        execution_id=f"{OF_ORDER}{order.id}",
        digest=hashlib.sha256(f"{OF_ORDER}{order.id}".encode()).digest(),
        occurred_at=None,
        appliance_id=order.appliance_id,
        reported_appliance=None,
        level="L2",
        incident_id=plan.incident_id,
        incident_type=plan.incident_type,
        hostname=plan.hostname,
        platform=plan.platform,
        reported_id=plan.runbook_id,
        outcome=_outcome(meaning),
        verified=meaning.verified,
        chaos_campaign_id=None,
        error_category=None,
        error_message=meaning.error,
        duration_seconds=None,
        confidence=plan.confidence,
        cost_usd=None,
        input_tokens=None,
        output_tokens=None,
        reasoning=None,
        detail=json.dumps(told),
    )


def _outcome(meaning: Meaning) -> Outcome:
    """Return what an order counts as; one whose report was lost claims what a scan may confirm."""
    if meaning.outcome == "unknown":
        return CLAIMS["success"]
    if meaning.standing == "claimed" and meaning.outcome != "not_attempted":
        return CLAIMS[meaning.outcome]
    return meaning.outcome
