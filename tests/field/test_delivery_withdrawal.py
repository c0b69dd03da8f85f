"""Switching a rule off, agent by agent: what stays, how it is seen to run, and how that ends."""

import datetime as dt
from typing import Any

import asyncpg
import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.learning.actions import folds
from flywheel_server.rules.model import delivery_words
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules as stored_rules
from tests import cast as people, deliveries as walk, telemetry
from tests.cast import STAGE, Cast, CastAppliance
from tests.field import reports
from tests.rules.test_agent_sync import add, learnt, switch

# No compiled rule is for it.
PAIR = ("print_queue", "RB-WIN-SVC-004")
ALARM = "rule_still_running"
PARTNER = "/api/partners/me/learning"
HOUR = dt.timedelta(hours=1)
# What a person has to delete where each agent keeps its rules.
FILES = {
    walk.OLDER: "the file of `{rule_id}` in its `rules/promoted/` folder",
    walk.NEWER: "the file of `{rule_id}` in its `rules/promoted/` folder",
    walk.PYTHON: "`rules/promoted/{rule_id}.yaml`",
}

Owner = Any


@pytest.fixture
async def rule(database: db.Database, cast: Cast) -> Rule:
    return await add(database, learnt(*PAIR, scope="site", scope_id=cast.site.id))


async def deliver(client: httpx.AsyncClient, appliance: CastAppliance, version: str) -> None:
    """Bring what waits to the appliance, by the carrier of its agent."""
    await walk.check_in(client, appliance, version)
    await walk.turn(client)
    if version == walk.PYTHON:
        for path in ("/agent/sync", "/api/agent/sync/promoted-rules"):
            answer = await client.get(path, headers=appliance.credential.headers)
            assert answer.status_code == 200
    else:
        (order,) = (await walk.check_in(client, appliance, version))["pending_orders"]
        await walk.answer_order(client, appliance, order)
    await walk.turn(client)


async def fire(client: httpx.AsyncClient, cast: Cast, rule: Rule, version: str) -> None:
    """Let the rule heal something, reported as its agent does."""
    said: dict[str, dict[str, Any]] = {
        walk.OLDER: reports.older(rule.rule_id, rule.incident_type),
        walk.NEWER: reports.newer(rule.runbook_id or "", rule.incident_type),
        walk.PYTHON: reports.python(rule.rule_id, rule.incident_type),
    }
    await reports.send(client, cast.site, said[version])
    await walk.turn(client)


async def alarms(client: httpx.AsyncClient, cast: Cast) -> list[dict[str, Any]]:
    items = await telemetry.items(client, cast.admin, "alarms")
    return [each for each in items if each["kind"] == ALARM]


async def seen_by_partner(client: httpx.AsyncClient, cast: Cast) -> list[dict[str, Any]]:
    headers = cast.partners[0].credential.headers
    answer = await client.get(f"{PARTNER}/still-running", headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def state(client: httpx.AsyncClient, cast: Cast, rule: Rule) -> dict[str, Any]:
    items = await telemetry.items(client, cast.admin, f"rules/{rule.id}/deliveries")
    (only,) = [each for each in items if each["appliance_id"] == cast.appliance.wire_id]
    found: dict[str, Any] = only
    return found


async def mark(
    client: httpx.AsyncClient, cast: Cast, rule: Rule, appliance: CastAppliance | None = None
) -> httpx.Response:
    body = {"site_id": cast.site.slug, "reason": "Deleted the file, restarted the agent."}
    if appliance is not None:
        body["appliance_id"] = appliance.wire_id
    return await client.post(
        f"{PARTNER}/rules/{rule.rule_id}/removals",
        json=body,
        headers=cast.partners[0].credential.headers,
    )


@pytest.mark.parametrize("version", FILES)
async def test_a_rule_that_its_agent_keeps_is_seen_to_run_until_its_file_is_gone(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule, version: str
) -> None:
    """Broken on purpose by leaving `remained` out of `fold_deliveries`: no alarm ever comes."""
    await deliver(client, cast.appliance, version)
    await fire(client, cast, rule, version)
    assert await alarms(client, cast) == []

    await switch(database, rule, enabled=False)
    await walk.turn(client)
    off = await state(client, cast, rule)
    assert off["state"] == delivery_words.CANNOT_BE_WITHDRAWN
    assert (off["delivery_is_final"], off["still_ran_at"]) == (True, None)
    assert await alarms(client, cast) == []

    # A sync and a restart later it fires all the same.
    await client.get("/agent/sync", headers=cast.appliance.credential.headers)
    await walk.check_in(client, cast.appliance, version, uptime_seconds=1)
    await fire(client, cast, rule, version)

    (alarm,) = await alarms(client, cast)
    file = FILES[version].format(rule_id=rule.rule_id)
    assert (alarm["rule_id"], alarm["site_id"]) == (rule.rule_id, cast.site.slug)
    assert alarm["appliance_id"] == cast.appliance.wire_id
    assert f"delete {file}, then restart the agent" in alarm["what_to_do"]
    assert await seen_by_partner(client, cast) == [alarm]
    of_partner = await client.get(
        "/api/partners/me/alarms", headers=cast.partners[0].credential.headers
    )
    assert alarm in of_partner.json()["items"]
    running = await state(client, cast, rule)
    assert running["state"].startswith(
        f"switched off, still running at {cast.appliance.wire_id}: seen 20"
    )
    assert file in running["remedy"]

    answer = await mark(client, cast, rule, cast.appliance)
    assert answer.status_code == 200, answer.text
    assert await alarms(client, cast) == await seen_by_partner(client, cast) == []
    gone = await state(client, cast, rule)
    assert gone["state"].startswith("switched off, its file was removed: marked by ")
    assert gone["remedy"] is None

    # Said to be gone, and it ran once more: the alarm is back.
    await fire(client, cast, rule, version)
    assert len(await alarms(client, cast)) == 1
    assert "still running" in (await state(client, cast, rule))["state"]
    async with db.transaction(database, walk.LOOP) as connection:
        assert [each for each in await folds.verify(connection) if each.differing] == []
        await folds.rebuild(connection, clock.now())
    assert len(await alarms(client, cast)) == 1


@pytest.mark.parametrize("end", ["quiet", "reported without it", "switched on"])
async def test_the_alarm_ends_by_itself_as_well(
    client: httpx.AsyncClient,
    cast: Cast,
    database: db.Database,
    rule: Rule,
    owner: "asyncpg.Connection[asyncpg.Record]",
    end: str,
) -> None:
    await deliver(client, cast.appliance, walk.PYTHON)
    await switch(database, rule, enabled=False)
    await fire(client, cast, rule, walk.PYTHON)
    assert len(await alarms(client, cast)) == 1

    if end == "quiet":
        await owner.execute(
            "UPDATE rule_remains SET last_received_at = last_received_at - interval '8 days'"
        )
        await owner.execute(
            "UPDATE l1_rules SET enabled_changed_at = enabled_changed_at - interval '9 days'"
        )
    elif end == "reported without it":
        answer = await client.get("/agent/sync", headers=cast.appliance.credential.headers)
        without = answer.json()["version"]
        await walk.check_in(client, cast.appliance, walk.PYTHON, active_rules_hash=without)
    else:
        await switch(database, rule, enabled=True)
    await walk.turn(client)

    assert await alarms(client, cast) == await seen_by_partner(client, cast) == []


async def test_one_event_tells_of_it_and_again_only_after_its_end(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    async def events() -> int:
        async with db.transaction(database, STAGE) as connection:
            count: int = await connection.fetchval(
                "SELECT count(*) FROM events WHERE kind = 'rule.remains' AND site_id = $1",
                cast.site.id,
            )
        return count

    await deliver(client, cast.appliance, walk.NEWER)
    await switch(database, rule, enabled=False)
    for _ in range(3):
        await fire(client, cast, rule, walk.NEWER)
    assert await events() == 1
    assert (await mark(client, cast, rule)).status_code == 200
    await walk.turn(client)
    assert await events() == 1
    await fire(client, cast, rule, walk.NEWER)
    assert await events() == 2


async def test_a_report_that_names_no_appliance_is_an_alarm_of_its_site(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    """Python agents with the site's shared key never say which of them it was."""
    other = await people.make_appliance(database, cast.site)
    for appliance in (cast.appliance, other):
        await walk.check_in(client, appliance, walk.PYTHON, hostname=appliance.wire_id[-8:])
    await client.get("/agent/sync", headers=cast.site.headers)
    await walk.turn(client)
    await switch(database, rule, enabled=False)
    at = await state(client, cast, rule)
    assert at["state"] == "carried to the site, cannot be withdrawn by this agent version"

    await fire(client, cast, rule, walk.PYTHON)

    (alarm,) = await alarms(client, cast)
    assert (alarm["appliance_id"], alarm["site_id"]) == (None, cast.site.slug)
    assert f"`rules/promoted/{rule.rule_id}.yaml`" in alarm["what_to_do"]
    # One appliance's file is not all of them.
    assert (await mark(client, cast, rule, other)).status_code == 200
    assert await alarms(client, cast) == [alarm]
    answer = await mark(client, cast, rule)
    assert set(answer.json()["appliance_ids"]) == {cast.appliance.wire_id, other.wire_id}
    assert await alarms(client, cast) == []


async def test_an_agent_that_drops_rules_is_given_time_and_no_late_report_counts(
    client: httpx.AsyncClient,
    cast: Cast,
    database: db.Database,
    rule: Rule,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    """What began before the switch-off was only reported late."""
    await walk.check_in(client, cast.appliance, "unheard-of")
    await client.get("/agent/sync", headers=cast.appliance.credential.headers)
    await walk.turn(client)
    began = clock.now() - dt.timedelta(minutes=5)
    await switch(database, rule, enabled=False)
    late = reports.python(rule.rule_id, rule.incident_type, began_at=began)
    await reports.send(client, cast.site, late)
    await walk.turn(client)
    at = await state(client, cast, rule)
    assert at["state"] == "switched off, dropped at the appliance's next sync"
    await reports.send(client, cast.site, reports.python(rule.rule_id, rule.incident_type))
    await walk.turn(client)
    assert "still running" in (await state(client, cast, rule))["state"]
    assert await alarms(client, cast) == []
    await owner.execute(
        "UPDATE l1_rules SET enabled_changed_at = enabled_changed_at - interval '3 hours'"
    )
    assert len(await alarms(client, cast)) == 1


async def test_a_correction_of_an_old_heal_is_no_sign_of_life(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    await deliver(client, cast.appliance, walk.OLDER)
    healed = reports.older(rule.rule_id, rule.incident_type)
    await reports.send(client, cast.site, healed)
    await walk.turn(client)
    await switch(database, rule, enabled=False)
    await reports.send(client, cast.site, healed | {"success": False, "error_message": "no"})
    await walk.turn(client)
    assert await alarms(client, cast) == []


async def test_what_was_not_attempted_was_tried_by_the_rule(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    await deliver(client, cast.appliance, walk.OLDER)
    await switch(database, rule, enabled=False)
    body = reports.older(rule.rule_id, rule.incident_type, success=False)
    body["error_message"] = "no WinRM credentials for host WS-TEST-30"
    await reports.send(client, cast.site, body)
    await walk.turn(client)
    assert len(await alarms(client, cast)) == 1


@pytest.mark.parametrize("by_person", [True, False])
async def test_what_is_still_on_its_way_is_taken_back_with_the_rule(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule, by_person: bool
) -> None:
    """Handed out after the switch-off, the rule would stay. Broken by not calling `take_back`."""
    await walk.check_in(client, cast.appliance, walk.OLDER)
    await walk.turn(client)
    if by_person:
        answer = await client.post(
            f"/api/admin/rules/{rule.id}/disable",
            json={"reason": "Wrong."},
            headers=cast.admin.headers,
        )
        assert answer.status_code == 200, answer.text
    else:
        await switch(database, rule, enabled=False)
        await walk.turn(client)
    assert (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"] == []
    assert (await state(client, cast, rule))["state"] == "switched off before it was delivered"


async def test_a_removed_rule_that_is_switched_on_is_sent_again(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, rule: Rule
) -> None:
    """Broken on purpose by leaving `by_removal` out of what moves deliveries."""
    await deliver(client, cast.appliance, walk.NEWER)
    refused = await mark(client, cast, rule)
    assert (refused.status_code, "switch it off first" in refused.text) == (409, True)
    await switch(database, rule, enabled=False)
    assert (await mark(client, cast, rule)).status_code == 200
    await walk.turn(client)
    async with db.transaction(database, STAGE) as connection:
        # Orders tell whole seconds: later than that of the first one.
        later = clock.now() + dt.timedelta(seconds=2)
        await stored_rules.set_enabled(connection, rule.id, enabled=True, reason="on", now=later)
    await walk.turn(client)
    (order,) = (await walk.check_in(client, cast.appliance, walk.NEWER))["pending_orders"]
    assert order["parameters"]["rule_id"] == rule.rule_id


async def test_a_partner_ends_the_alarm_of_a_platform_rule_at_its_own_sites_alone(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await add(database, learnt(*PAIR))
    await deliver(client, cast.appliance, walk.NEWER)
    await switch(database, rule, enabled=False)
    await fire(client, cast, rule, walk.NEWER)
    assert len(await seen_by_partner(client, cast)) == 1
    other = cast.partners[1].credential.headers
    assert (await client.get(f"{PARTNER}/still-running", headers=other)).json()["items"] == []
    body = {"site_id": cast.site.slug, "reason": "Not mine."}
    path = f"{PARTNER}/rules/{rule.rule_id}/removals"
    assert (await client.post(path, json=body, headers=other)).status_code == 404
    assert (await mark(client, cast, rule)).status_code == 200
    assert await alarms(client, cast) == []
