"""F29: disabling flipped a flag, and the rule stayed on the appliances.

Broken on purpose by taking `rule.enabled` out of `rules.model.rules.desired`: the first test
fails; and by not dropping sets on RULES in `rules/caches/rule_sets.py`: both fail.
"""

import httpx

from flywheel_server.app import create_app
from flywheel_server.core import db, embedded
from flywheel_server.core.settings import Settings
from tests import deliveries as walk, parts
from tests.cast import Cast
from tests.rules.test_agent_sync import add, fetch, ids, learnt, switch


async def test_f29_removal_travels_as_addition_does(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    body = {"hostname": "vm"}
    headers = cast.appliance.credential.headers

    async def told() -> str:
        answer = await client.post("/api/appliances/checkin", json=body, headers=headers)
        assert answer.status_code == 200
        text: str = answer.json()["rules_hash"]
        return text

    without = await told()
    rule = await add(database, learnt())
    having = await told()
    assert having != without
    assert having == (await fetch(client, cast.site))["version"]
    await switch(database, rule, enabled=False)
    assert await told() == without
    after = await fetch(client, cast.site)
    assert rule.rule_id not in ids(after)
    assert after["version"] == without


async def test_f29_a_withdrawal_is_heard_by_every_other_process(
    cast: Cast,
    database: db.Database,
    settings: Settings,
    address: embedded.Address,
) -> None:
    rule = await add(database, learnt())
    other = create_app(settings, address.app_url)
    async with other.router.lifespan_context(other):
        transport = httpx.ASGITransport(other)
        async with httpx.AsyncClient(transport=transport, base_url="http://other") as elsewhere:
            assert rule.rule_id in ids(await fetch(elsewhere, cast.site))
            await switch(database, rule, enabled=False)
            await parts.settle(elsewhere)
            assert rule.rule_id not in ids(await fetch(elsewhere, cast.site))


async def test_f29_what_cannot_be_withdrawn_is_said_to_stay(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    """Broken on purpose by ``withdraws=True`` for the daemons in ``core/agents.py``."""
    await walk.check_in(client, cast.appliance, walk.NEWER)
    rule = await add(database, learnt())
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.NEWER))["pending_orders"]
    await walk.answer_order(client, cast.appliance, order)
    await switch(database, rule, enabled=False)
    await walk.turn(client)
    answer = await client.get(
        f"/api/admin/rules/{rule.rule_id}/deliveries", headers=cast.viewer.headers
    )
    (at,) = [
        each for each in answer.json()["items"] if each["appliance_id"] == cast.appliance.wire_id
    ]
    assert at["state"] == "delivered, cannot be withdrawn by this agent version"
    assert (await walk.check_in(client, cast.appliance, walk.NEWER))["pending_orders"] == []
