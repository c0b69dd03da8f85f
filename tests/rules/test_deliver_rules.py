"""Delivery is observed: each stage by its fact, each carrier, each kind of agent."""

import datetime as dt
import json
from typing import Any

import asyncpg
import httpx
import pytest
import yaml

from flywheel_server.core import clock, db, embedded
from flywheel_server.core.settings import Settings
from flywheel_server.core.step import Turn
from flywheel_server.learning.actions import folds
from flywheel_server.orders import actions as orders
from flywheel_server.rules.model import deliveries as domain
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.steps import deliver_rules, observe_deliveries
from flywheel_server.rules.store import deliveries as stored
from tests import cast as people, deliveries as walk, ordering, telemetry
from tests.cast import STAGE, Cast
from tests.rules.test_agent_sync import add, learnt, switch

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
async def rule(database: db.Database, cast: Cast) -> Rule:
    return await add(database, learnt(scope="site", scope_id=cast.site.id))


def l1(rule: Rule, **fields: Any) -> dict[str, Any]:
    return telemetry.execution(
        incident_type=rule.incident_type, runbook_id=rule.rule_id, resolution_level="L1", **fields
    )


async def stuck(database: db.Database) -> list[stored.Stuck]:
    async with db.transaction(database, STAGE) as connection:
        return await stored.stuck(connection, 100)


async def sync(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    answer = await client.get("/agent/sync", headers=headers)
    assert answer.status_code == 200
    version: str = answer.json()["version"]
    return version


async def test_what_a_turn_promotes_is_on_its_way_with_it(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    """Broken by beginning deliveries only where they are observed: the order is a turn late."""
    turn = Turn(scope=walk.LOOP, settings=Settings(loop=False), now=clock.now())
    await walk.check_in(client, cast.appliance, walk.NEWER)
    async with db.transaction(database, walk.LOOP) as connection:
        await observe_deliveries.run(connection, turn)
    promoted = await add(database, learnt())
    async with db.transaction(database, walk.LOOP) as connection:
        counts = await deliver_rules.run(connection, turn)

    assert {name: count for name, count in counts.items() if count} == {
        "deliveries_begun": 1,
        "rules_pushed": 1,
    }
    told = await walk.check_in(client, cast.appliance, walk.NEWER)
    (order,) = told["pending_orders"]
    assert order["parameters"]["rule_id"] == promoted.rule_id


async def test_a_rule_walks_from_approved_to_succeeding_on_a_daemon_that_never_pulls(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    appliance = cast.appliance
    assert (await walk.check_in(client, appliance, walk.NEWER))["pending_orders"] == []
    await walk.turn(client)
    assert domain.stage(await walk.standing(database, rule, appliance)) == "approved"

    told = await walk.check_in(client, appliance, walk.NEWER)
    (order,) = told["pending_orders"]
    assert ordering.accepted(order, told["server_public_key"], appliance.wire_id)
    parameters = json.loads(order["signed_payload"])["parameters"]
    assert parameters["rule_id"] == rule.rule_id
    assert yaml.safe_load(parameters["rule_yaml"])["id"] == rule.rule_id

    await walk.answer_order(client, appliance, order)
    await walk.turn(client)
    at = await walk.standing(database, rule, appliance)
    assert (domain.stage(at), at.delivered_by) == ("delivered", "order")
    assert "does not report" in domain.state(at, enabled=True)

    await telemetry.send(client, cast.site, [l1(rule, success=False)])
    await walk.turn(client)
    assert domain.stage(await walk.standing(database, rule, appliance)) == "matching"

    await telemetry.send(client, cast.site, [l1(rule)])
    await walk.turn(client)
    at = await walk.standing(database, rule, appliance)
    assert domain.state(at, enabled=True) == "succeeding"
    assert (at.matches, at.successes) == (2, 1)
    assert at.approved_at <= at.delivered_at <= at.active_at <= at.succeeding_at  # type: ignore[operator]


@pytest.mark.parametrize("begun", [True, False])
async def test_a_completion_that_failed_is_no_delivery(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule, begun: bool
) -> None:
    """Also of an order that was acknowledged before. Broken by asking only whether it ended."""
    await walk.check_in(client, cast.appliance, walk.NEWER)
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.NEWER))["pending_orders"]
    if begun:
        answer = await client.post(
            f"/api/orders/{order['order_id']}/acknowledge",
            headers=cast.appliance.credential.headers,
        )
        assert answer.status_code == 200, answer.text
        await walk.turn(client)
    await walk.answer_order(
        client, cast.appliance, order, success=False, error_message="the disk is full"
    )
    await walk.turn(client)

    at = await walk.standing(database, rule, cast.appliance)
    assert (at.delivered_at, at.refusal) == (None, "the disk is full")


async def test_a_rule_reaches_an_agent_that_pulls_by_its_syncs_and_reports(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    appliance = cast.appliance
    headers = appliance.credential.headers
    await walk.check_in(client, appliance, walk.PYTHON)
    version = await sync(client, headers)
    await walk.turn(client)
    at = await walk.standing(database, rule, appliance)
    assert (domain.stage(at), at.delivered_by) == ("delivered", "sync")

    await walk.check_in(client, appliance, walk.PYTHON, active_rules_hash="0" * 64)
    await walk.turn(client)
    assert domain.stage(await walk.standing(database, rule, appliance)) == "delivered"
    told = await walk.check_in(client, appliance, walk.PYTHON, active_rules_hash=version)
    await walk.turn(client)
    assert domain.stage(await walk.standing(database, rule, appliance)) == "active"
    assert told["pending_orders"] == []


async def test_a_step_that_runs_again_changes_nothing(
    client: httpx.AsyncClient, cast: Cast, rule: Rule
) -> None:
    await walk.check_in(client, cast.appliance, walk.NEWER)
    await telemetry.send(client, cast.site, [l1(rule)])
    assert await walk.turn(client) != (0, 0)
    assert await walk.turn(client) == (0, 0)


async def test_a_push_is_ordered_once_whatever_the_loop_does(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    for _ in range(3):
        await walk.check_in(client, cast.appliance, walk.OLDER)
        await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"]
    await walk.answer_order(client, cast.appliance, order, success=False, error_message="no disk")
    await walk.turn(client)
    assert (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"] == []
    at = await walk.standing(database, rule, cast.appliance)
    assert domain.state(at, enabled=True) == "refused by the appliance: no disk"


async def test_an_appliance_that_was_away_gets_its_rules_when_it_is_back(
    client: httpx.AsyncClient,
    cast: Cast,
    rule: Rule,
    database: db.Database,
    address: embedded.Address,
) -> None:
    now = clock.now()
    owner = await asyncpg.connect(address.owner_url)
    try:
        await owner.execute("UPDATE l1_rules SET enabled_changed_at = $1", now - DAY * 10)
        await owner.execute("UPDATE appliances SET first_seen_at = $1", now - DAY * 20)
        await owner.execute("UPDATE appliances SET last_seen_at = $1", now - DAY * 9)
    finally:
        await owner.close()
    await walk.turn(client, now - DAY * 9)
    async with db.transaction(database, walk.LOOP) as connection:
        assert await orders.expire_due(connection, now - DAY) == 1
    await walk.turn(client)
    assert await _orders(database, cast) == ["expired"]

    await walk.check_in(client, cast.appliance, walk.OLDER)
    await walk.turn(client)

    assert await _orders(database, cast) == ["expired", "pending"]
    (order,) = (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"]
    assert order["parameters"]["rule_id"] == rule.rule_id


async def _orders(database: db.Database, cast: Cast) -> list[str]:
    async with db.transaction(database, STAGE) as connection:
        rows = await connection.fetch(
            "SELECT state FROM orders WHERE appliance_id = $1 ORDER BY created_at",
            cast.appliance.id,
        )
    return [row["state"] for row in rows]


async def test_a_learnt_execution_of_another_appliance_proves_nothing_here(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    other = await people.make_appliance(database, cast.site)
    for appliance in (cast.appliance, other):
        await walk.check_in(client, appliance, walk.NEWER, hostname=appliance.wire_id[-8:])
    await telemetry.send(client, cast.site, [l1(rule, appliance_id=other.wire_id.lower())])
    await telemetry.send(client, cast.site, [l1(rule)])
    await walk.turn(client)
    assert domain.stage(await walk.standing(database, rule, other)) == "succeeding"
    assert domain.stage(await walk.standing(database, rule, cast.appliance)) == "approved"


async def test_a_correction_takes_a_success_back(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    """Broken by counting every fact as one: the success stays."""
    await walk.check_in(client, cast.appliance, walk.NEWER)
    healed = l1(rule)
    await telemetry.send(client, cast.site, [healed])
    await walk.turn(client)
    await telemetry.send(client, cast.site, [healed | {"success": False, "error_message": "no"}])
    await walk.turn(client)
    at = await walk.standing(database, rule, cast.appliance)
    assert (domain.stage(at), at.matches, at.successes) == ("matching", 1, 0)
    assert at.succeeding_at is None


async def test_a_shared_key_carries_to_the_site_and_to_no_appliance_of_two(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    other = await people.make_appliance(database, cast.site)
    for appliance in (cast.appliance, other):
        await walk.check_in(client, appliance, walk.PYTHON, hostname=appliance.wire_id[-8:])
    await sync(client, cast.site.headers)
    await walk.turn(client)
    for appliance in (cast.appliance, other):
        at = await walk.standing(database, rule, appliance)
        assert domain.state(at, enabled=True) == "carried to the site"


async def test_an_older_daemon_is_said_to_load_at_its_restart(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.OLDER, uptime_seconds=5_000)
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.OLDER, uptime_seconds=5_060))[
        "pending_orders"
    ]
    await walk.answer_order(client, cast.appliance, order, result={"status": "already_exists"})
    await walk.turn(client)
    at = await walk.standing(database, rule, cast.appliance)
    assert domain.state(at, enabled=True) == "delivered, loaded at the agent's next restart"


async def test_the_truth_about_an_agent_that_cannot_withdraw_is_told_word_for_word(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.OLDER)
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"]
    await walk.answer_order(client, cast.appliance, order)
    await walk.turn(client)
    await switch(database, rule, enabled=False)
    await walk.turn(client)
    at = await walk.standing(database, rule, cast.appliance)
    assert domain.state(at, enabled=False) == (
        "delivered, cannot be withdrawn by this agent version"
    )
    await switch(database, rule, enabled=True)
    await walk.turn(client)
    assert (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"] == []
    assert domain.stage(await walk.standing(database, rule, cast.appliance)) == "delivered"


async def test_switching_off_travels_by_an_order_to_sync_and_is_seen_in_the_report(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    """A sync rewrites the synced rules alone, so only a report without the rule proves it gone."""
    headers = cast.appliance.credential.headers
    await walk.check_in(client, cast.appliance, walk.PYTHON)
    with_it = await sync(client, headers)
    await walk.check_in(client, cast.appliance, walk.PYTHON, active_rules_hash=with_it)
    await walk.turn(client)
    await switch(database, rule, enabled=False)
    await walk.turn(client)
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.PYTHON))["pending_orders"]
    assert order["order_type"] == "sync_rules"
    at = await walk.standing(database, rule, cast.appliance)
    assert domain.state(at, enabled=False) == (
        "delivered, cannot be withdrawn by this agent version"
    )
    without = await sync(client, headers)
    await walk.check_in(client, cast.appliance, walk.PYTHON, active_rules_hash=without)
    await walk.turn(client)
    at = await walk.standing(database, rule, cast.appliance)
    assert domain.state(at, enabled=False) == "withdrawn"


async def test_what_does_not_run_after_its_time_is_an_alarm_until_it_runs(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.NEWER)
    now = clock.now()
    await walk.turn(client, now)
    assert await stuck(database) == []
    await walk.turn(client, now + HOUR * 1.01)
    (alarm,) = await stuck(database)
    assert (alarm.rule_id, alarm.wire_id) == (rule.rule_id, cast.appliance.wire_id)
    assert abs(alarm.stuck_at - now - HOUR) < dt.timedelta(minutes=1)
    await walk.turn(client, now + HOUR * 1.02)
    async with db.transaction(database, STAGE) as connection:
        events = await connection.fetchval(
            "SELECT count(*) FROM events WHERE kind = 'delivery.stuck'"
        )
    assert events == 1
    await telemetry.send(client, cast.site, [l1(rule)])
    await walk.turn(client, now + HOUR * 1.03)
    assert await stuck(database) == []


async def test_an_agent_that_pulls_has_two_intervals(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.PYTHON)
    now = clock.now()
    await walk.turn(client, now)
    await walk.turn(client, now + HOUR * 1.5)
    assert await stuck(database) == []
    await walk.turn(client, now + HOUR * 2.1)
    (alarm,) = await stuck(database)
    assert alarm.rule_id == rule.rule_id


async def test_a_rule_that_another_one_says_already_is_neither_pushed_nor_an_alarm(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    wider = await add(database, learnt())
    await walk.check_in(client, cast.appliance, walk.NEWER)
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.NEWER))["pending_orders"]
    assert order["parameters"]["rule_id"] == rule.rule_id
    await walk.turn(client, clock.now() + HOUR * 2)
    assert {alarm.rule_id for alarm in await stuck(database)} == {rule.rule_id}
    at = await walk.standing(database, wider, cast.appliance)
    assert domain.state(at, enabled=True) == "not needed, another rule of the site says the same"


async def test_a_rebuild_keeps_what_was_proven(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, database: db.Database
) -> None:
    await walk.check_in(client, cast.appliance, walk.NEWER)
    await telemetry.send(client, cast.site, [l1(rule)])
    await walk.turn(client)
    before = await walk.standing(database, rule, cast.appliance)
    async with db.transaction(database, walk.LOOP) as connection:
        await folds.rebuild(connection, clock.now())
    assert await walk.standing(database, rule, cast.appliance) == before


@pytest.mark.parametrize(
    "claim",
    ["matching_at = matching_at + interval '1 s'", "succeeding_at = matching_at"],
    ids=["an execution of no moment", "a success that failed"],
)
async def test_a_recount_tells_a_delivery_that_claims_what_no_execution_shows(
    client: httpx.AsyncClient,
    cast: Cast,
    database: db.Database,
    rule: Rule,
    owner: db.Connection,
    claim: str,
) -> None:
    await walk.check_in(client, cast.appliance, walk.NEWER)
    await telemetry.send(client, cast.site, [l1(rule, success=False)])
    await walk.turn(client)
    await telemetry.send(client, cast.site, [l1(rule)])
    await walk.turn(client)
    assert await _recounted(database) == (2, 0)

    await owner.execute(f"UPDATE rule_deliveries SET {claim}")

    assert await _recounted(database) == (2, 1)


async def _recounted(database: db.Database) -> tuple[int, int]:
    async with db.transaction(database, walk.LOOP) as connection:
        (found,) = [each for each in await folds.verify(connection) if each.name == "deliveries"]
    return found.compared, found.differing
