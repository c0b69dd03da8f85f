"""Deliveries in tests: appliances of each kind, turns at any moment, and where a rule stands."""

import datetime as dt
from typing import Any

import httpx

from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.core.step import Turn
from flywheel_server.rules.model import deliveries as domain
from flywheel_server.rules.steps import deliver_rules, observe_deliveries
from flywheel_server.rules.store import deliveries
from tests import parts
from tests.cast import STAGE, CastAppliance, CastSite, Credential

LOOP = LoopScope(reason="tests turn the step by hand")
OLDER = "0.3.9"
NEWER = "0.4.2"
PYTHON = "1.0.51"


async def check_in(
    client: httpx.AsyncClient, appliance: CastAppliance, version: str, **fields: Any
) -> dict[str, Any]:
    """Check in with the appliance's own key and return what it is told."""
    return await _check_in(client, appliance.credential, agent_version=version, **fields)


async def check_in_with(
    client: httpx.AsyncClient, site: CastSite, mac: str, version: str, **fields: Any
) -> dict[str, Any]:
    """Check in with the site's shared key."""
    return await _check_in(
        client, site.credential, mac_address=mac, agent_version=version, **fields
    )


async def _check_in(
    client: httpx.AsyncClient, credential: Credential, **fields: Any
) -> dict[str, Any]:
    body = {"hostname": "vm", "uptime_seconds": 60} | fields
    answer = await client.post("/api/appliances/checkin", json=body, headers=credential.headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def turn(client: httpx.AsyncClient, now: dt.datetime | None = None) -> tuple[int, int]:
    """Run both steps at ``now``, with every heartbeat written before."""
    runtime = parts.of(client)
    await runtime.heartbeats.flush()
    turn = Turn(scope=LOOP, settings=Settings(loop=False), now=now or clock.now())
    async with db.transaction(runtime.database, LOOP) as connection:
        observed = await observe_deliveries.run(connection, turn)
    async with db.transaction(runtime.database, LOOP) as connection:
        delivered = await deliver_rules.run(connection, turn)
    changed = observed["deliveries_changed"] + sum(delivered.values())
    return observed["facts_read"], changed


async def standing(database: db.Database, rule: Any, appliance: CastAppliance) -> domain.Delivery:
    """Return where a rule stands on an appliance."""
    async with db.transaction(database, STAGE) as connection:
        found = await deliveries.of_rule(connection, rule.id, after=None, limit=100)
    (only,) = [each for each in found if each.appliance_id == appliance.id]
    return only


async def answer_order(
    client: httpx.AsyncClient, appliance: CastAppliance, order: dict[str, Any], **body: Any
) -> None:
    answer = await client.post(
        f"/api/orders/{order['order_id']}/complete",
        json={"success": True, "result": {"status": "deployed"}} | body,
        headers=appliance.credential.headers,
    )
    assert answer.status_code == 200, answer.text
