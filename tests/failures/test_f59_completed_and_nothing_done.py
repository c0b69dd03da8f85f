"""F59: an order was completed by a version that carries none out, and the plan counted as healed.

Broken on purpose by ``heals_by_order=True`` for the older daemon in ``core/agents.py``: the first
test fails; by believing its word there: the second.
"""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.orders.model import orders
from tests import deliveries as walk, planning, telemetry
from tests.cast import Cast

OLDER, NEWER = "0.1.0", "0.4.13"
TRIGGERED = {"status": "healing_triggered"}


async def seen(client: httpx.AsyncClient, cast: Cast, plan_id: Any) -> dict[str, Any]:
    """Return a plan as its partner sees it."""
    answer = await client.get(
        f"/api/partners/me/plans/{plan_id}", headers=cast.partners[0].credential.headers
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(("version", "cautious"), [(OLDER, True), (NEWER, False)])
async def test_f59_what_a_version_does_not_do_is_said_before_approving(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, version: str, cautious: bool
) -> None:
    await planning.agent(database, cast.appliance, mode="manual", version=version)
    plan_id = await planning.make_waiting(database, cast.appliance)

    plan = await seen(client, cast, plan_id)
    assert (plan["caution"] is not None) is cautious
    for reader, root in (("partner owner", "/partner"), ("client admin", "/client")):
        for page in (f"/plans/{plan_id}", f"/plans/{plan_id}/approve", "/plans"):
            if "approve" in page and root == "/client":
                continue
            shown = await client.get(f"{root}{page}", headers=cast.session(reader))
            assert shown.status_code == 200, shown.text
            assert (orders.ACKNOWLEDGES_ONLY in shown.text) is cautious, page
            assert ("A person does it" in shown.text) is (cautious and root == "/partner") or (
                page == "/plans"
            ), page
    site = await client.get(f"/operator/fleet/{cast.site.id}", headers=cast.admin.headers)
    assert (orders.ACKNOWLEDGES_ONLY in site.text) is cautious
    (listed,) = [
        each
        for each in await telemetry.items(client, cast.admin, "appliances")
        if each["appliance_id"] == cast.appliance.wire_id
    ]
    assert listed["heals_by_order"] is not cautious
    url = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/l2-mode"
    mode = await client.patch(url, json={"l2_mode": "manual"}, headers=cast.admin.headers)
    assert (mode.json()["caution"] is not None) is cautious


@pytest.mark.parametrize("version", [OLDER, NEWER])
async def test_f59_a_plan_is_not_healed_by_an_acknowledgement(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, version: str
) -> None:
    await planning.agent(database, cast.appliance, mode="manual", version=version)
    plan_id = await planning.make_waiting(database, cast.appliance)
    partner = cast.session("partner owner")
    approved = await client.post(
        f"/api/partners/me/plans/{plan_id}/approve", json={}, headers=partner
    )
    assert approved.status_code == 200, approved.text
    told = await walk.check_in(client, cast.appliance, version)
    (order,) = told["pending_orders"]
    await walk.answer_order(client, cast.appliance, order, result=TRIGGERED)

    plan = await seen(client, cast, plan_id)
    assert (plan["order_status"], plan["order_standing"]) == ("completed", "claimed")
    page = await client.get(f"/partner/plans/{plan_id}", headers=partner)
    assert "cannot know" in page.text
    assert "Healed" not in page.text
    summary = await client.get("/api/admin/plans/summary", headers=cast.admin.headers)
    assert (summary.json()["funnel"]["healed"], summary.json()["funnel"]["verified"]) == (0, 0)


async def test_f59_where_appliances_share_a_key_each_choice_says_what_it_does(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    site = cast.partners[0].organizations[0].full_coverage
    for number, version in ((1, OLDER), (2, NEWER)):
        await walk.check_in_with(client, site, f"02:00:5E:10:0A:0{number}", version)
    async with db.transaction(database, site.scope) as connection:
        await connection.execute(
            "UPDATE appliances SET desired_l2_mode = 'manual' WHERE site_id = $1", site.id
        )
    healed = telemetry.executions(
        3, incident_type=planning.TYPE, runbook_id=planning.RUNBOOK, verification_passed=True
    )
    await telemetry.send(client, site, healed)
    await telemetry.turn(client, cast.admin)
    await planning.ask(client, site)
    partner = cast.session("partner owner")
    (plan,) = (await client.get("/api/partners/me/plans", headers=partner)).json()["items"]
    assert plan["agent_versions"] == [OLDER, NEWER]
    assert f"That is so for {OLDER}" in plan["caution"]
    page = await client.get(f"/partner/plans/{plan['id']}/approve", headers=partner)
    assert f"(agent {OLDER}, does not carry healing orders out)" in page.text
    assert f"(agent {NEWER})" in page.text
