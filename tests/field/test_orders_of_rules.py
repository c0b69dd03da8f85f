"""Orders that carry rules: a lost report refuses nothing, and a restart is what the order says.

Broken on purpose by reading ``success`` in ``by_refusal`` of ``rules/store/deliveries.sql``: the
first test fails; by leaving out ``agent_started_at`` there: the alarm of the third stays.
"""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.executions.model import completions
from flywheel_server.rules.model import deliveries as domain
from flywheel_server.rules.model.rules import Rule
from tests import deliveries as walk, ordering
from tests.cast import Cast
from tests.rules.test_agent_sync import add, learnt

OLDER, NEWER, PYTHON = "0.1.0", "0.4.13", "1.0.68"
# Of the machine: it runs for a year.
UPTIME = 31_536_000


@pytest.fixture
async def rule(database: db.Database, cast: Cast) -> Rule:
    return await add(database, learnt(scope="site", scope_id=cast.site.id))


async def alarms(client: httpx.AsyncClient, cast: Cast) -> list[dict[str, Any]]:
    answer = await client.get("/api/admin/alarms", headers=cast.viewer.headers)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["kind"] == "rule_not_running"]


async def ordered(client: httpx.AsyncClient, cast: Cast, version: str) -> dict[str, Any]:
    """Let the appliance take the order that carries its rule."""
    await walk.check_in(client, cast.appliance, version, uptime_seconds=UPTIME)
    await walk.turn(client)
    told = await walk.check_in(client, cast.appliance, version, uptime_seconds=UPTIME)
    (order,) = told["pending_orders"]
    found: dict[str, Any] = order
    return found


@pytest.mark.parametrize("said", [example for _, example in completions.REPLAYS])
async def test_a_replay_proves_that_the_rule_was_received(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule, said: str
) -> None:
    order = await ordered(client, cast, NEWER)
    await walk.answer_order(
        client, cast.appliance, order, success=False, result=None, error_message=said
    )
    await walk.turn(client)

    kept = await ordering.stored(database, order["order_id"])
    assert (kept.state, kept.success, kept.outcome) == ("completed", False, "unknown")
    at = await walk.standing(database, rule, cast.appliance)
    assert (domain.stage(at), at.delivered_by, at.refusal) == ("delivered", "order", None)
    shown = await client.get(
        f"/operator/fleet/{cast.site.id}?orders=all", headers=cast.viewer.headers
    )
    assert "carried out, report lost" in shown.text
    told = await walk.check_in(client, cast.appliance, NEWER, uptime_seconds=UPTIME)
    assert told["pending_orders"] == []


async def test_an_error_within_a_success_refuses_the_rule(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    order = await ordered(client, cast, NEWER)
    await walk.answer_order(
        client, cast.appliance, order, result={"error": "rule_yaml does not parse"}
    )
    await walk.turn(client)

    assert (await ordering.stored(database, order["order_id"])).state == "failed"
    at = await walk.standing(database, rule, cast.appliance)
    assert (domain.stage(at), at.refusal) == ("approved", "rule_yaml does not parse")


async def test_the_restart_that_the_alarm_asks_for_ends_it(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    order = await ordered(client, cast, OLDER)
    await walk.answer_order(client, cast.appliance, order)
    await walk.turn(client)
    at = await walk.standing(database, rule, cast.appliance)
    assert domain.state(at, enabled=True) == "delivered, loaded at the agent's next restart"
    later = clock.now() + dt.timedelta(hours=2)
    await walk.turn(client, later)
    (alarm,) = await alarms(client, cast)
    assert "`restart_agent`" in alarm["what_to_do"]

    url = f"/api/sites/{alarm['site_id']}/appliances/{alarm['appliance_id']}/orders"
    await client.post(url, json={"kind": "restart_agent"}, headers=cast.admin.headers)
    told = await walk.check_in(client, cast.appliance, OLDER, uptime_seconds=UPTIME)
    (restart,) = told["pending_orders"]
    await walk.answer_order(client, cast.appliance, restart, result={"status": "restart_scheduled"})
    await walk.turn(client, later)

    assert await alarms(client, cast) == []
    at = await walk.standing(database, rule, cast.appliance)
    assert "restarted since" in domain.state(at, enabled=True)


async def test_a_restart_before_the_delivery_or_one_that_failed_loads_nothing(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    url = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/orders"

    async def restart(**body: Any) -> None:
        await client.post(url, json={"kind": "restart_agent"}, headers=cast.admin.headers)
        told = await walk.check_in(client, cast.appliance, OLDER, uptime_seconds=UPTIME)
        (order,) = [
            each for each in told["pending_orders"] if each["order_type"] == "restart_agent"
        ]
        await walk.answer_order(client, cast.appliance, order, **body)

    await restart()
    order = await ordered(client, cast, OLDER)
    await walk.answer_order(client, cast.appliance, order)
    await restart(success=False, result=None, error_message="permission denied")
    await walk.turn(client, clock.now() + dt.timedelta(hours=2))

    assert len(await alarms(client, cast)) == 1
    at = await walk.standing(database, rule, cast.appliance)
    assert domain.state(at, enabled=True) == "delivered, loaded at the agent's next restart"


async def test_an_agent_of_another_version_was_started_again(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    order = await ordered(client, cast, OLDER)
    await walk.answer_order(client, cast.appliance, order)
    await walk.turn(client)
    await walk.check_in(client, cast.appliance, "0.3.9", uptime_seconds=UPTIME)
    await walk.turn(client, clock.now() + dt.timedelta(hours=2))

    assert await alarms(client, cast) == []
    at = await walk.standing(database, rule, cast.appliance)
    assert "restarted since" in domain.state(at, enabled=True)
