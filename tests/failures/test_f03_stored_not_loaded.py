"""F03: the rule's file was written, and the engine never loaded it.

Broken on purpose by setting ``active_at`` in ``by_sync`` of ``rules/store/deliveries.sql``: the
first test fails; and in ``by_order``: the second one does.
"""

import datetime as dt

import httpx

from flywheel_server.core import clock, db
from flywheel_server.rules.model import deliveries as domain
from tests import deliveries as walk
from tests.cast import Cast
from tests.rules.test_agent_sync import add, learnt

HOUR = dt.timedelta(hours=1)


async def test_f03_delivered_is_not_active_until_the_hash_that_runs_holds_the_rule(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    headers = cast.appliance.credential.headers
    without = (await walk.check_in(client, cast.appliance, walk.PYTHON))["rules_hash"]
    rule = await add(database, learnt())
    having = (await client.get("/agent/sync", headers=headers)).json()["version"]
    for reported, stage in ((without, "delivered"), (having, "active"), (without, "approved")):
        await walk.check_in(client, cast.appliance, walk.PYTHON, active_rules_hash=reported)
        await walk.turn(client)
        at = await walk.standing(database, rule, cast.appliance)
        assert domain.stage(at) == stage


async def test_f03_a_daemon_that_has_to_restart_is_an_alarm_that_says_so_until_it_did(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.OLDER, uptime_seconds=90_000)
    rule = await add(database, learnt())
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"]
    await walk.answer_order(client, cast.appliance, order)
    await walk.check_in(client, cast.appliance, walk.OLDER, uptime_seconds=90_060)
    await walk.turn(client)
    assert domain.stage(await walk.standing(database, rule, cast.appliance)) == "delivered"
    await walk.turn(client, clock.now() + HOUR * 1.1)
    answer = await client.get("/api/admin/alarms", headers=cast.admin.headers)
    (alarm,) = answer.json()["items"]
    assert "restart_agent" in alarm["what_to_do"]

    await walk.check_in(client, cast.appliance, walk.OLDER, uptime_seconds=0)
    await walk.turn(client, clock.now() + HOUR * 1.2)
    assert (await client.get("/api/admin/alarms", headers=cast.admin.headers)).json()["items"] == []
