"""What one partner reports never makes the site of another run a runbook: a person decides.

Broken on purpose by `waits=False` in `plan_history._proposal`: the first three tests fail; by
`_LEAST_PARTNERS = 1`: the second; by asking `last_resort` before the model: the third.
"""

from typing import Any

import httpx

from flywheel_server.core import db, embedded
from tests import cast as people, planning, telemetry
from tests.cast import Cast, CastSite
from tests.planning import TYPE

RUNBOOK = "RB-WIN-SVC-004"
OTHER = {"incident_type": "zz_other_check", "runbook_id": "RB-WIN-SVC-003"}
PLANS = "/api/partners/me/plans"


async def test_forged_executions_of_one_partner_wait_for_a_person_elsewhere(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    for site in await people.make_organizations(database, 4):
        await _heal(client, site, 5)
    await telemetry.turn(client, cast.admin)
    await planning.agent(database, cast.appliance)

    told = await planning.ask(client, cast.site, cast.appliance.credential)

    assert (told["recommended_action"], told["runbook_id"]) == ("escalate", "")
    assert (told["requires_approval"], told["escalate_to_l3"]) == (True, True)
    (record,) = await planning.decisions(database)
    assert (record["mode"], record["planner"]) == ("auto", "platform_history")
    assert (record["told"], record["reason"]) == ("approval", "platform_gates")
    rests = "20 of 20 at 4 organizations of 1 partner"
    assert record["basis"] == f"platform: {rests}; shut: organizations, partners"
    # Whose site it is sees on what it rests, and decides.
    partner = cast.partners[0].credential.headers
    (plan,) = (await client.get(f"{PLANS}?status=waiting", headers=partner)).json()["items"]
    assert rests in plan["reasoning"]
    assert "too few partners" in plan["reasoning"]
    for page in ("/partner/plans", "/operator/plans"):
        reader = cast.admin if page.startswith("/operator") else cast.people["partner owner"]
        shown = await client.get(f"{page}/{plan['id']}", headers=reader.headers)
        assert shown.status_code == 200
        assert rests in shown.text
    approved = await client.post(f"{PLANS}/{plan['id']}/approve", json={}, headers=partner)
    assert approved.status_code == 200, approved.text
    assert approved.json()["order_id"]


async def test_the_platforms_gates_are_not_enough_for_one_partner_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await _without_room(client, cast)
    for site in await people.make_organizations(database, 6):
        await _heal(client, site, 5)
    await _turn_that_makes_the_other(client, database, cast)
    await planning.agent(database, cast.appliance)

    told = await planning.ask(client, cast.site, cast.appliance.credential)

    assert (told["runbook_id"], told["requires_approval"]) == ("", True)
    (record,) = await planning.decisions(database)
    assert record["basis"].endswith("at 6 organizations of 1 partner; shut: partners")


async def test_what_the_policy_looks_at_besides_is_looked_at_for_plans(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    change = {"count_incidents": True, "reason": "Repeating proves nothing."}
    answer = await client.put("/api/admin/flywheel/policy", json=change, headers=cast.admin.headers)
    assert answer.status_code == 200, answer.text
    for site in [
        *await people.make_organizations(database, 3),
        *await people.make_organizations(database, 3),
    ]:
        await _heal(client, site, 5, incident_id="drift-again")
    await telemetry.turn(client, cast.admin)
    await planning.agent(database, cast.appliance)

    told = await planning.ask(client, cast.site, cast.appliance.credential)

    assert (told["runbook_id"], told["requires_approval"]) == ("", True)
    (record,) = await planning.decisions(database)
    assert record["basis"].endswith("at 6 organizations of 2 partners; shut: occurrences")


async def test_what_others_report_does_not_take_the_models_answer_from_anybody(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    async with (
        planning.provider() as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        for site in await people.make_organizations(database, 4):
            await _heal(client, site, 5)
        await telemetry.turn(client, cast.admin)
        await planning.agent(database, cast.appliance)

        told = await planning.ask(client, cast.site, cast.appliance.credential)
        assert told["runbook_id"] == planning.RUNBOOK
        # Where the model has none, a person is asked with what healed elsewhere.
        fake.behaves = lambda _asked: planning.chosen(None)
        told = await planning.ask(client, cast.site, cast.appliance.credential, severity="low")
    assert told["requires_approval"] is True
    planners = [each["planner"] for each in await planning.decisions(database)]
    assert planners == ["model", "platform_history"]


async def test_an_honest_fleet_of_several_partners_answers_by_itself(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await _without_room(client, cast)
    for site in [
        *await people.make_organizations(database, 3),
        *await people.make_organizations(database, 2),
    ]:
        await _heal(client, site, 4)
    await _turn_that_makes_the_other(client, database, cast)
    await planning.agent(database, cast.appliance)

    told = await planning.ask(client, cast.site, cast.appliance.credential)
    assert (told["runbook_id"], told["escalate_to_l3"]) == (RUNBOOK, False)
    # It waited for room alone: the next turn makes it a rule, as ever.
    await telemetry.turn(client, cast.admin)
    told = await planning.ask(client, cast.site, cast.appliance.credential)
    assert (told["runbook_id"], told["confidence"]) == (RUNBOOK, 1.0)
    first, second = await planning.decisions(database)
    assert (first["planner"], second["planner"]) == ("platform_history", "rule")
    assert first["basis"] == "platform: 20 of 20 at 5 organizations of 2 partners"


async def _heal(client: httpx.AsyncClient, site: CastSite, count: int, **fields: Any) -> None:
    values = {"incident_type": TYPE, "runbook_id": RUNBOOK} | fields
    await telemetry.send(client, site, telemetry.executions(count, **values))


async def _without_room(client: httpx.AsyncClient, cast: Cast) -> None:
    """Let a turn make one rule: what else has passed the gates waits for the next."""
    change = {"max_platform_rules_per_turn": 1, "reason": "Slowly."}
    answer = await client.put("/api/admin/flywheel/policy", json=change, headers=cast.admin.headers)
    assert answer.status_code == 200, answer.text


async def _turn_that_makes_the_other(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Run a turn whose one rule is of more organizations than what this is about."""
    for site in await people.make_organizations(database, 7):
        await _heal(client, site, 3, **OTHER)
    await telemetry.turn(client, cast.admin)
    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert rule["incident_type"] == OTHER["incident_type"]
