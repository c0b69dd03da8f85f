"""F31: plans in manual mode were logged and lost. Each waits, with a deadline, where people look.

Broken on purpose: without ``plan_approvals.insert`` in the gateway no plan waits.
"""

import datetime as dt

import httpx

from flywheel_server.core import db, embedded
from tests import planning
from tests.cast import Cast


async def test_each_plan_of_manual_mode_waits_until_somebody_decides_or_its_deadline(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance, mode="manual")
    async with (
        planning.provider() as fake,
        planning.application(
            address.app_url, planning.settings(fake, plan_approval_hours=2)
        ) as client,
    ):
        told = [
            await planning.ask(client, cast.site, incident_id=incident)
            for incident in ("drift-1", "drift-2", "drift-1")
        ]
        assert all(each["escalate_to_l3"] for each in told)
        waiting = await _waiting(client, cast)
        metrics = (await client.get("/metrics")).text

    assert [each["incident_id"] for each in waiting] == ["drift-2", "drift-1"]
    for plan in waiting:
        made, deadline = (
            dt.datetime.fromisoformat(plan[name]) for name in ("created_at", "deadline_at")
        )
        assert deadline - made == dt.timedelta(hours=2)
    assert "flywheel_plans_waiting 2.0" in metrics


async def _waiting(client: httpx.AsyncClient, cast: Cast) -> list[dict[str, str]]:
    answer = await client.get(
        "/api/partners/me/plans?status=waiting", headers=cast.session("partner viewer")
    )
    found: list[dict[str, str]] = answer.json()["items"]
    return found
