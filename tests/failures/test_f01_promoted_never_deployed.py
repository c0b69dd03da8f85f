"""F01: approved rules that never reached an appliance, and nobody saw it.

Broken on purpose by returning early from ``rules.actions.deliveries.push``: the first test fails;
and by making ``rules.model.deliveries.stuck_since`` return None: the second one does.
"""

import datetime as dt

import httpx

from flywheel_server.core import clock, db
from tests import deliveries as walk
from tests.cast import Cast
from tests.rules.test_agent_sync import add, learnt


async def test_f01_an_approved_rule_is_on_its_way_after_one_turn(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.OLDER)
    rule = await add(database, learnt())
    answer = await client.post("/api/admin/flywheel/run", headers=cast.admin.headers)
    assert answer.status_code == 200
    (order,) = (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"]
    assert order["parameters"]["rule_id"] == rule.rule_id


async def test_f01_one_that_does_not_arrive_is_an_alarm_with_a_remedy_and_a_figure(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.OLDER)
    rule = await add(database, learnt())
    await walk.turn(client)
    quiet = await client.get("/api/admin/alarms", headers=cast.viewer.headers)
    assert quiet.json()["rules_not_running"] == 0
    await walk.turn(client, clock.now() + dt.timedelta(minutes=61))
    loud = (await client.get("/api/admin/alarms", headers=cast.viewer.headers)).json()
    assert loud["rules_not_running"] == 1
    (alarm,) = [each for each in loud["items"] if each["kind"] == "rule_not_running"]
    assert (alarm["rule_id"], alarm["appliance_id"]) == (rule.rule_id, cast.appliance.wire_id)
    assert "order" in alarm["what_to_do"]
    assert "flywheel_rules_not_running 1.0" in (await client.get("/metrics")).text
