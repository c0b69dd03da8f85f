"""Where a rule stands, for operators and for its partner; and a decision that does not wait."""

import json
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db, errors
from flywheel_server.rules.actions import deliveries as actions
from flywheel_server.rules.model.rules import Rule
from tests import cast as people, deliveries as walk, ordering, parts
from tests.cast import STAGE, Cast
from tests.rules.test_agent_sync import add, learnt

PARTNER = "/api/partners/me/learning/promoted-rules"


@pytest.fixture
async def rule(database: db.Database, cast: Cast) -> Rule:
    return await add(database, learnt(scope="site", scope_id=cast.site.id))


async def _items(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> list[Any]:
    found: list[Any] = []
    query: dict[str, Any] = {"limit": 1}
    while True:
        answer = await client.get(url, params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        query["next"] = answer.json()["next"]


async def test_a_rule_shows_each_appliance_of_its_scope_to_operators_and_its_partner(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    other = await people.make_appliance(database, cast.site)
    await people.make_appliance(database, cast.foreign_site)
    await walk.turn(client)
    expected = {cast.appliance.wire_id, other.wire_id}
    for url, headers in (
        (f"/api/admin/rules/{rule.rule_id}/deliveries", cast.viewer.headers),
        (f"{PARTNER}/{rule.rule_id}/deliveries", cast.partners[0].credential.headers),
        (f"{PARTNER}/{rule.id}/deliveries", cast.partners[0].credential.headers),
    ):
        shown = await _items(client, url, headers)
        assert {each["appliance_id"] for each in shown} == expected
        assert {each["stage"] for each in shown} == {"approved"}


async def test_another_partners_rule_is_not_found(
    client: httpx.AsyncClient, cast: Cast, rule: Rule
) -> None:
    for name in (rule.rule_id, rule.id, "L1-NO-SUCH", "%FF"):
        answer = await client.get(
            f"{PARTNER}/{name}/deliveries", headers=cast.partners[1].credential.headers
        )
        assert answer.status_code == 404


async def test_a_decision_that_does_not_wait_orders_in_its_own_transaction(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.OLDER)
    signer = await ordering.signer(database)

    async def refused() -> None:
        async with db.transaction(database, STAGE) as connection:
            assert await actions.deploy(connection, STAGE, signer, rule, clock.now())
            raise errors.Conflict

    with pytest.raises(errors.Conflict):
        await refused()
    assert (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"] == []
    async with db.transaction(database, STAGE) as connection:
        (made,) = await actions.deploy(connection, STAGE, signer, rule, clock.now())
        assert await actions.deploy(connection, STAGE, signer, rule, clock.now()) == []
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"]
    assert order["order_id"] == made.id
    assert json.loads(order["signed_payload"])["parameters"]["rule_id"] == rule.rule_id


async def test_an_agent_that_pulls_is_told_to_ask_at_once(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.PYTHON)
    await client.get("/agent/sync", headers=cast.appliance.credential.headers)
    await parts.of(client).heartbeats.flush()
    signer = await ordering.signer(database)
    async with db.transaction(database, STAGE) as connection:
        (made,) = await actions.deploy(connection, STAGE, signer, rule, clock.now())
    assert made.kind == "sync_rules"
