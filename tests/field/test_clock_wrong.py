"""F62: a wrong clock loses and hides nothing; it is kept, shown, and an alarm until it is right."""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.fleet.model import clocks
from tests import bundles, cast as people, planning, telemetry
from tests.cast import Cast

DAYS = [-2, 2, 9_000]


def _at(days: float) -> str:
    moment = clock.now() + dt.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def _alarms(client: httpx.AsyncClient, cast: Cast) -> list[dict[str, Any]]:
    answer = await client.get("/api/admin/alarms", headers=cast.admin.headers)
    assert answer.status_code == 200, answer.text
    return [item for item in answer.json()["items"] if item["kind"] == "appliance_clock"]


async def _post(client: httpx.AsyncClient, headers: dict[str, str], path: str, body: Any) -> None:
    answer = await client.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text


def _reports(cast: Cast, days: float) -> dict[str, Any]:
    at = _at(days)
    stat = {"pattern_signature": "0123456789abcdef", "total_occurrences": 5, "last_seen": at}
    return {
        "/api/agent/sync/pattern-stats": {"synced_at": at, "pattern_stats": [stat]},
        "/agent/patterns": {"check_type": "a", "issue_signature": "a:h", "reported_at": at},
        "/api/logs/ingest": {"batch": [{"msg": "hello", "ts": at}]},
        "/api/agent/l2/plan": planning.request(cast.site) | {"created_at": at},
    }


@pytest.mark.parametrize("days", DAYS)
async def test_an_execution_is_filed_under_its_receipt_and_the_skew_is_kept(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, days: int
) -> None:
    headers = cast.appliance.credential.headers
    await client.get("/agent/sync", headers=headers)
    for path, item in (("", telemetry.execution()), ("/batch", telemetry.execution())):
        body = {"executions": [item]} if path else {"execution": item}
        for _ in range(2):
            await _post(
                client, headers, f"/api/agent/executions{path}", body | {"reported_at": _at(days)}
            )
    facts = await telemetry.facts(database)
    assert len(facts) == 2
    for fact in facts:
        assert abs(fact["occurred_at"] - fact["received_at"]) < dt.timedelta(minutes=5)
        assert abs(fact["detail"]["clock_skew_seconds"] - days * 86_400) < 600
    (alarm,) = await _alarms(client, cast)
    assert alarm["appliance_id"] == cast.appliance.wire_id
    assert f"{abs(days):,} days {'ahead' if days > 0 else 'behind'}" in alarm["what"]


async def test_what_was_queued_keeps_its_own_time(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    item = telemetry.execution(completed_at=_at(-5), started_at=_at(-5))
    await telemetry.send(client, cast.site, [item])
    future = telemetry.execution(completed_at=_at(3))
    await telemetry.send(client, cast.site, [future])
    first, second = await telemetry.facts(database)
    assert first["occurred_at"] < first["received_at"] - dt.timedelta(days=4)
    assert "clock_skew_seconds" not in first["detail"]
    assert abs(second["occurred_at"] - second["received_at"]) < dt.timedelta(minutes=5)


async def test_every_door_takes_it_and_the_first_report_on_time_ends_the_alarm(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    headers = cast.appliance.credential.headers
    for path in _reports(cast, 0):
        if path != "/api/agent/l2/plan":
            await _post(client, headers, path, _reports(cast, 2)[path])
            (alarm,) = await _alarms(client, cast)
            assert "report on time" in alarm["what_to_do"]
            await _post(client, headers, path, _reports(cast, 0)[path])
            assert await _alarms(client, cast) == []
    await _post(client, headers, "/api/agent/l2/plan", _reports(cast, -3)["/api/agent/l2/plan"])
    assert len(await _alarms(client, cast)) == 1


async def test_evidence_is_kept_as_signed_and_tells_whose_clock_it_is(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    agent = await bundles.agent_of(database, cast.appliance)
    bundles.good(await agent.submit(client, agent.go_body(checked_at=_at(30))))
    (alarm,) = await _alarms(client, cast)
    assert alarm["appliance_id"] == cast.appliance.wire_id
    answer = await client.get("/api/admin/appliances", headers=cast.admin.headers)
    (shown,) = [
        item for item in answer.json()["items"] if item["appliance_id"] == cast.appliance.wire_id
    ]
    assert shown["clock_skew_seconds"] > 29 * 86_400
    bundles.good(await agent.submit(client, agent.go_body()))
    assert await _alarms(client, cast) == []


async def test_a_site_key_of_several_appliances_alarms_for_the_site(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await people.make_appliance(database, cast.site)
    await _post(client, cast.site.headers, "/agent/patterns", _reports(cast, 2)["/agent/patterns"])
    (alarm,) = await _alarms(client, cast)
    assert (alarm["site_id"], alarm["appliance_id"]) == (cast.site.slug, None)


@pytest.mark.parametrize("seconds", [0, 86_399, -86_399])
def test_up_to_a_day_is_right(seconds: int) -> None:
    now = clock.now()
    assert clocks.off(now + dt.timedelta(seconds=seconds), now) is None
    assert clocks.off(None, now) is None
