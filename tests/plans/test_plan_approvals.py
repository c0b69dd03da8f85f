"""Manual mode over HTTP: a plan waits, a person decides, the order reaches the appliance signed."""

import asyncio
import datetime as dt
from typing import Any

import asyncpg
import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.plans.actions import plan_approvals
from tests import cast as people, deliveries, ordering, planning, telemetry
from tests.candidates import rows
from tests.cast import Cast, CastAppliance
from tests.planning import RUNBOOK, TYPE

PARTNER = "/api/partners/me/plans"
CLIENT = "/api/client/plans"


async def _plans(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> list[Any]:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found


async def _waiting(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, appliance: CastAppliance
) -> dict[str, Any]:
    """Let a request in manual mode become a plan that waits, by what healed before."""
    await planning.agent(database, appliance, mode="manual")
    healed = telemetry.executions(3, incident_type=TYPE, runbook_id=RUNBOOK)
    await telemetry.send(client, appliance.site, healed)
    await telemetry.turn(client, cast.admin)
    told = await planning.ask(
        client, appliance.site, appliance.credential, incident_id="drift-waits"
    )
    assert (told["recommended_action"], told["escalate_to_l3"]) == ("escalate", True)
    assert (told["requires_approval"], told["runbook_id"]) == (True, "")
    (plan,) = await _plans(client, f"{PARTNER}?status=waiting", cast.partners[0].credential.headers)
    found: dict[str, Any] = plan
    return found


async def test_a_plan_waits_is_approved_reaches_the_appliance_signed_and_is_closed(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    plan = await _waiting(client, database, cast, cast.appliance)
    assert (plan["runbook_id"], plan["hostname"], plan["may_decide"]) == (
        RUNBOOK,
        "WS-TEST-2",
        True,
    )
    assert plan["appliance_id"] == cast.appliance.wire_id
    assert plan["details"]["actual"] == "drifted"
    waits = dt.datetime.fromisoformat(plan["deadline_at"]) - dt.datetime.fromisoformat(
        plan["created_at"]
    )
    assert waits == dt.timedelta(hours=4)

    headers = cast.session("partner technician")
    approved = await client.post(
        f"{PARTNER}/{plan['id']}/approve", json={"notes": "Closed now."}, headers=headers
    )
    assert approved.status_code == 200, approved.text
    assert (approved.json()["status"], approved.json()["order_status"]) == ("approved", "pending")
    assert approved.json()["decided_by"] == cast.people["partner technician"].email

    told = await deliveries.check_in(client, cast.appliance, planning.NEWER)
    (order,) = told["pending_orders"]
    assert ordering.accepted(order, told["server_public_key"], cast.appliance.wire_id)
    assert (order["order_type"], order["runbook_id"]) == ("healing", RUNBOOK)
    assert order["parameters"] == {
        "runbook_id": RUNBOOK,
        "target_host": "WS-TEST-2",
        "hostname": "WS-TEST-2",
        "incident_id": "drift-waits",
        "check_type": TYPE,
    }
    await deliveries.answer_order(client, cast.appliance, order, result={"healed": True})
    execution = telemetry.execution(
        incident_id="drift-waits",
        incident_type=TYPE,
        runbook_id=RUNBOOK,
        hostname="WS-TEST-2",
        verification_passed=True,
    )
    await telemetry.send(client, cast.site, [execution])
    await telemetry.turn(client, cast.admin)

    (closed,) = await _plans(client, PARTNER, headers)
    assert (closed["status"], closed["order_status"]) == ("approved", "completed")
    assert closed["execution_id"] == execution["execution_id"]
    assert (closed["outcome"], closed["verified"]) == ("success", True)
    audit = await telemetry.items(client, cast.admin, "audit?action=plan.approve")
    assert audit[0]["object_id"] == plan["id"]
    assert audit[0]["after"]["order_id"] == order["order_id"]


async def test_the_partner_hears_of_a_plan_once_it_waits(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Broken on purpose: without the event in ``plan_approvals.wait`` nobody is told."""
    plan = await _waiting(client, database, cast, cast.appliance)
    # The same incident again is answered from the record, and told of once.
    await planning.ask(client, cast.site, cast.appliance.credential, incident_id="drift-waits")

    (event,) = await rows(database, "SELECT * FROM events WHERE kind = 'plan.waiting'")

    assert (event["partner_id"], event["site_id"]) == (cast.partners[0].id, cast.site.id)
    assert event["data"] == {
        "plan_id": plan["id"],
        "incident_id": "drift-waits",
        "incident_type": TYPE,
        "hostname": "WS-TEST-2",
        "severity": "high",
        "runbook_id": RUNBOOK,
        "planner": "site_history",
        "confidence": plan["confidence"],
        "deadline_at": event["data"]["deadline_at"],
    }
    told, shown = event["data"]["deadline_at"], plan["deadline_at"]
    assert dt.datetime.fromisoformat(told) == dt.datetime.fromisoformat(shown)


async def test_plans_are_found_by_words_and_by_what_waits_longest(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    made = [
        await planning.make_waiting(database, cast.appliance, incident_id=f"drift-{number}")
        for number in range(3)
    ]
    headers = cast.session("partner viewer")

    async def found(query: str) -> list[str]:
        return [each["id"] for each in await _plans(client, f"{PARTNER}?{query}", headers)]

    oldest = [str(each) for each in made]
    assert await found("status=waiting") == oldest[::-1]
    assert await found("oldest_first=true") == oldest
    page = await client.get(f"{PARTNER}?oldest_first=true&limit=2", headers=headers)
    assert await found(f"oldest_first=true&next={page.json()['next']}") == oldest[2:]
    assert await found("text=DRIFT-1") == oldest[1:2]
    assert await found(f"text={cast.site.slug.upper()}&limit=1") == oldest[2:]
    assert await found("text=nowhere") == []
    one = await client.get(f"{PARTNER}/{made[0]}", headers=headers)
    assert (one.status_code, one.json()["incident_id"]) == (200, "drift-0")
    foreign = cast.foreign_session("partner owner")
    assert (await client.get(f"{PARTNER}/{made[0]}", headers=foreign)).status_code == 404


async def test_an_execution_from_before_the_approval_is_not_what_came_of_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Told to escalate, an agent reports just that under the same incident."""
    plan = await _waiting(client, database, cast, cast.appliance)
    early = telemetry.execution(incident_id="drift-waits", runbook_id="L2-escalate")
    await telemetry.send(client, cast.site, [early])
    headers = cast.session("partner owner")
    answer = await client.post(f"{PARTNER}/{plan['id']}/approve", headers=headers)
    assert answer.status_code == 200, answer.text
    await telemetry.turn(client, cast.admin)
    (found,) = await _plans(client, PARTNER, headers)
    assert found["execution_id"] is None


async def test_a_rejected_plan_orders_nothing_and_is_decided_once(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    plan = await _waiting(client, database, cast, cast.appliance)
    headers = cast.session("partner technician")
    path = f"{PARTNER}/{plan['id']}"
    unexplained = await client.post(f"{path}/reject", json={}, headers=headers)
    assert unexplained.status_code == 422

    rejected = await client.post(f"{path}/reject", json={"reason": "Not today."}, headers=headers)
    assert rejected.status_code == 200, rejected.text
    assert (rejected.json()["status"], rejected.json()["notes"]) == ("rejected", "Not today.")
    for verb, body in (("approve", {}), ("reject", {"reason": "Again."})):
        again = await client.post(f"{path}/{verb}", json=body, headers=headers)
        assert again.status_code == 409
        assert again.json()["decision"] == "rejected"
        assert again.json()["decided_by"] == cast.people["partner technician"].email
    told = await deliveries.check_in(client, cast.appliance, planning.NEWER)
    assert told["pending_orders"] == []


async def test_a_plan_nobody_decides_on_expires_and_cannot_be_approved_after(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    past = clock.now() - dt.timedelta(hours=5)
    plan_id = await planning.make_waiting(database, cast.appliance, now=past)
    headers = cast.session("partner owner")
    # Before the loop has come by, too.
    for _ in range(2):
        (shown,) = await _plans(client, f"{PARTNER}?status=expired", headers)
        assert (shown["id"], shown["may_decide"]) == (str(plan_id), False)
        answer = await client.post(f"{PARTNER}/{plan_id}/approve", headers=headers)
        assert (answer.status_code, answer.json()["state"]) == (409, "expired")
        await telemetry.turn(client, cast.admin)
    (row,) = await rows(database, "SELECT state, decided_at FROM plan_approvals")
    assert row["state"] == "expired"


async def test_two_who_decide_at_once_make_one_order(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    plan_id = await planning.make_waiting(database, cast.appliance)
    answers = await asyncio.gather(
        *(
            client.post(f"{PARTNER}/{plan_id}/approve", headers=cast.session(role))
            for role in ("partner owner", "partner technician") * 3
        )
    )
    assert sorted(each.status_code for each in answers) == [200] + [409] * 5
    assert len(await rows(database, "SELECT id FROM orders")) == 1


async def test_clients_decide_where_coverage_is_full_and_only_look_elsewhere(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    own = await people.make_appliance(database, cast.neighbour)
    full = await planning.make_waiting(database, own)
    standard = await planning.make_waiting(database, cast.appliance)
    admin, viewer = cast.session("client admin"), cast.session("client viewer")

    may = {each["id"]: each["may_decide"] for each in await _plans(client, CLIENT, viewer)}
    assert may == {str(full): True, str(standard): False}
    refused = await client.post(f"{CLIENT}/{standard}/approve", headers=admin)
    assert refused.status_code == 403
    assert "partner" in refused.json()["detail"]
    looked = await client.post(f"{CLIENT}/{full}/approve", headers=viewer)
    assert looked.status_code == 403
    approved = await client.post(f"{CLIENT}/{full}/approve", headers=admin)
    assert approved.status_code == 200, approved.text
    assert approved.json()["order_id"]


async def test_where_the_key_does_not_tell_the_appliance_the_approver_names_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    plan_id = await planning.make_waiting(database, cast.appliance)
    other = await people.make_appliance(database, cast.site)
    stranger = await people.make_appliance(database, cast.foreign_site)
    async with db.transaction(database, cast.appliance.scope) as connection:
        await connection.execute("UPDATE plans SET appliance_id = NULL WHERE id = $1", plan_id)
    headers = cast.session("partner owner")

    unnamed = await client.post(f"{PARTNER}/{plan_id}/approve", headers=headers)
    assert unnamed.status_code == 422
    assert set(unnamed.json()["appliances"]) == {cast.appliance.wire_id, other.wire_id}
    for wrong in (stranger.wire_id, "nobody"):
        answer = await client.post(
            f"{PARTNER}/{plan_id}/approve", json={"appliance_id": wrong}, headers=headers
        )
        assert answer.status_code == 422
    named = await client.post(
        f"{PARTNER}/{plan_id}/approve", json={"appliance_id": other.wire_id}, headers=headers
    )
    assert named.status_code == 200, named.text
    (order,) = await rows(database, "SELECT appliance_id FROM orders")
    assert order["appliance_id"] == other.id


async def test_what_the_database_keeps_of_a_decision_cannot_be_changed(
    database: db.Database, cast: Cast, owner: Any
) -> None:
    """The guards hold whoever writes."""
    plan_id = await planning.make_waiting(database, cast.appliance)
    async with db.transaction(database, LoopScope(reason="a test")) as connection:
        later = clock.now() + dt.timedelta(hours=5)
        assert (await plan_approvals.keep(connection, later))["approvals_expired"] == 1
    for statement in (
        "UPDATE plans SET reasoning = 'other' WHERE id = $1",
        "UPDATE plans SET told = 'execute', reason = NULL WHERE id = $1",
        "UPDATE plan_approvals SET state = 'waiting', decided_at = NULL WHERE plan_id = $1",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(statement, plan_id)
