"""From an incident nobody knows to a rule: what L2 keeps solving is solved at L1, for nothing."""

import httpx

from flywheel_server.core import db, embedded
from tests import planning, telemetry
from tests.cast import Cast
from tests.planning import RUNBOOK, TYPE


async def _plan(client: httpx.AsyncClient, cast: Cast, number: int) -> str:
    """Ask for a plan for one incident, carry it out, and report that it healed."""
    incident = f"drift-WS-TEST-2-{TYPE}-{number}"
    told = await planning.ask(
        client,
        cast.site,
        cast.appliance.credential,
        incident_id=incident,
        # Each time a little different: no cache answers.
        raw={"actual": f"drifted {number}"},
    )
    assert (told["recommended_action"], told["escalate_to_l3"]) == ("execute_runbook", False)
    execution = telemetry.execution(
        execution_id=f"l2-{incident}",
        incident_id=incident,
        incident_type=TYPE,
        runbook_id=told["runbook_id"],
        hostname="WS-TEST-2",
        confidence=told["confidence"],
        reasoning=told["reasoning"],
    )
    await telemetry.send(client, cast.site, [execution])
    runbook_id: str = told["runbook_id"]
    return runbook_id


async def test_an_unknown_incident_is_planned_learnt_approved_and_then_costs_nothing(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance)
    partner = cast.session("partner technician")
    async with (
        planning.provider() as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        for number in range(5):
            assert await _plan(client, cast, number) == RUNBOOK
        # From the third heal on the site's own history answers, folded or not.
        assert len(fake.calls) == 3
        await telemetry.turn(client, cast.admin)

        learning = "/api/partners/me/learning"
        listed = await client.get(f"{learning}/candidates?status=eligible", headers=partner)
        (candidate,) = listed.json()["items"]
        assert (candidate["incident_type"], candidate["runbook_id"]) == (TYPE, RUNBOOK)
        approved = await client.post(
            f"{learning}/candidates/{candidate['id']}/approve", json={}, headers=partner
        )
        assert approved.status_code == 200, approved.text

        # The appliance gets the rule; until it has, a plan request is answered by it, for nothing.
        sync = await client.get(
            f"/agent/sync?site_id={cast.site.slug}", headers=cast.appliance.credential.headers
        )
        rule_id = approved.json()["rule_id"]
        assert rule_id in {rule["id"] for rule in sync.json()["rules"]}
        spent = await planning.budget(database)
        assert await _plan(client, cast, 99) == RUNBOOK
        assert len(fake.calls) == 3
        assert await planning.budget(database) == spent

        await telemetry.turn(client, cast.admin)
        summary = await client.get("/api/admin/plans/summary", headers=cast.admin.headers)
    funnel = summary.json()["funnel"]
    assert (funnel["planned"], funnel["executed"], funnel["healed"]) == (6, 6, 6)
    last = (await planning.decisions(database))[-1]
    assert (last["planner"], last["basis"], last["cost_micro_usd"]) == ("rule", rule_id, 0)
