"""F02: the endpoints were served, and the agent in the field called none of them.

Broken on purpose by pushing only to appliances without any version: the first test fails; and by
leaving ``GET /agent/sync`` out of the endpoints that are watched: the second one does.
"""

import asyncpg
import httpx
import pytest

from flywheel_server.core import db, embedded
from tests import deliveries as walk
from tests.cast import Cast
from tests.rules.test_agent_sync import add, learnt


@pytest.mark.parametrize("version", [walk.OLDER, walk.NEWER, "0.1.0"])
async def test_f02_whoever_does_not_pull_is_pushed_to(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, version: str
) -> None:
    await walk.check_in(client, cast.appliance, version)
    rule = await add(database, learnt())
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, version))["pending_orders"]
    assert order["parameters"]["rule_id"] == rule.rule_id


async def test_f02_an_appliance_and_an_endpoint_silent_for_a_day_show(
    client: httpx.AsyncClient, cast: Cast, address: embedded.Address
) -> None:
    await walk.check_in(client, cast.appliance, walk.PYTHON)
    assert await _alarms(client, cast) == set()
    owner = await asyncpg.connect(address.owner_url)
    try:
        await owner.execute("UPDATE appliances SET first_seen_at = now() - interval '30 hours'")
        silent = {
            ("endpoint_silent", "GET /agent/sync"),
            ("endpoint_silent", "POST /api/agent/executions"),
        }
        assert await _alarms(client, cast) == silent
        await owner.execute("UPDATE appliances SET last_seen_at = now() - interval '25 hours'")
    finally:
        await owner.close()
    assert await _alarms(client, cast) == silent | {
        ("appliance_silent", cast.appliance.wire_id),
        ("endpoint_silent", "POST /api/appliances/checkin"),
    }


async def _alarms(client: httpx.AsyncClient, cast: Cast) -> set[tuple[str, str]]:
    answer = await client.get("/api/admin/alarms", headers=cast.admin.headers)
    assert answer.status_code == 200, answer.text
    return {
        (each["kind"], each["appliance_id"] or each["what"].split(" called ")[1].split(" for ")[0])
        for each in answer.json()["items"]
    }
