"""What operators see of plans: every decision, the funnel, the spend, and what nobody reported."""

from typing import Any

import httpx

from flywheel_server.core import db, embedded
from tests import planning, telemetry
from tests.cast import Cast
from tests.planning import RUNBOOK, TYPE


async def _summary(client: httpx.AsyncClient, cast: Cast, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/api/admin/plans/summary{query}", headers=cast.viewer.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_decisions_are_counted_from_plan_to_verified_heal(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance)
    async with planning.provider() as fake:
        settings = planning.settings(fake, l2_cache_seconds=0, l2_calls_per_day=4)
        async with planning.application(address.app_url, settings) as client:
            for number in range(5):
                await planning.ask(client, cast.site, incident_id=f"drift-{number}")
            await planning.ask(client, cast.site, incident_id="drift-0")
            reports = [
                telemetry.execution(incident_id="drift-0", verification_passed=True),
                telemetry.execution(incident_id="drift-1", success=False),
                telemetry.execution(incident_id="drift-2", error_category="no_credentials"),
            ]
            await telemetry.send(client, cast.site, reports)
            await telemetry.turn(client, cast.admin)
            found = await _summary(client, cast)
            unreported = await telemetry.items(client, cast.viewer, "plans?unreported=true")
            metrics = (await client.get("/metrics")).text

    assert found["funnel"] == {
        "decisions": 5,
        "planned": 4,
        "told_to_execute": 4,
        "sent_for_approval": 0,
        "escalated": 1,
        "executed": 2,
        "healed": 1,
        "verified": 1,
        "not_attempted": 1,
        "claimed": 0,
        "unreported": 0,
        "repeats": 1,
    }
    assert unreported == [], "an hour has not passed"
    assert found["escalations"] == {"budget": 1}
    assert found["spend"] == {
        "calls": 4,
        "input_tokens": 4_000,
        "output_tokens": 200,
        "cost_micro_usd": 4 * 3_750,
    }
    (day,) = found["days"]
    assert (day["calls"], day["micro_usd"], day["sites"]) == (4, 15_000, 1)
    assert found["budget"] == {"calls_per_day": 4, "micro_usd_per_day": 5_000_000}
    assert found["window"]["label"] == "last 30 days"
    assert found["model"] == "small-7b"
    for line in (
        'flywheel_plans_total{planner="model",reason="",told="execute"} 4.0',
        'flywheel_plans_total{planner="none",reason="budget",told="escalate"} 1.0',
        'flywheel_plans_total{planner="repeat",reason="",told="execute"} 1.0',
        "flywheel_plan_calls_total 4.0",
        "flywheel_plan_micro_usd_total 15000.0",
        "flywheel_plan_micro_usd_today 15000.0",
        "flywheel_plans_unreported 0.0",
    ):
        assert line in metrics, line


async def test_a_plan_that_nobody_reported_within_an_hour_is_a_number(
    address: embedded.Address, database: db.Database, cast: Cast, owner: Any
) -> None:
    await planning.agent(database, cast.appliance)
    async with (
        planning.provider() as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        await planning.ask(client, cast.site, incident_id="drift-lost")
        await owner.execute("ALTER TABLE plans DISABLE TRIGGER plans_guard")
        await owner.execute("UPDATE plans SET created_at = created_at - interval '2 hours'")
        found = await _summary(client, cast, f"?site_id={cast.site.slug}")
        (lost,) = await telemetry.items(client, cast.viewer, "plans?unreported=true")
        metrics = (await client.get("/metrics")).text
        elsewhere = await _summary(client, cast, f"?site_id={cast.neighbour.slug}")
    assert found["funnel"]["unreported"] == 1
    assert lost["incident_id"] == "drift-lost"
    assert "flywheel_plans_unreported 1.0" in metrics
    assert elsewhere["funnel"]["decisions"] == 0


async def test_a_corrected_execution_corrects_what_came_of_its_plan(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance)
    async with (
        planning.provider() as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        await planning.ask(client, cast.site, incident_id="drift-0")
        report = telemetry.execution(incident_id="drift-0")
        for success in (True, False):
            await telemetry.send(client, cast.site, [report | {"success": success}])
            await telemetry.turn(client, cast.admin)
        (plan,) = await telemetry.items(client, cast.viewer, "plans")
    assert (plan["outcome"], plan["execution_id"]) == ("failure", report["execution_id"])


async def test_decisions_are_listed_newest_first_and_filtered(
    address: embedded.Address, cast: Cast
) -> None:
    async with (
        planning.provider() as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        await planning.ask(client, cast.site, incident_id="first")
        await planning.ask(client, cast.neighbour, incident_id="second", incident_type="other")
        await planning.ask(client, cast.site, incident_id="third", raw={"platform": "nixos"})

        async def ids(query: str) -> list[str]:
            items = await telemetry.items(client, cast.viewer, f"plans?{query}")
            return [item["incident_id"] for item in items]

        assert await ids("") == ["third", "second", "first"]
        assert await ids(f"site_id={cast.site.slug}") == ["third", "first"]
        assert await ids(f"incident_type={TYPE}&planner=model") == ["first"]
        assert await ids(f"runbook_id={RUNBOOK}") == ["second", "first"]
        assert await ids("reason=platform_unknown") == ["third"]
        assert await ids("told=approval") == []
        assert await ids("mode=auto&limit=1") == ["third"]
        unknown = await client.get("/api/admin/plans?site_id=nowhere", headers=cast.admin.headers)
        assert unknown.status_code == 404
