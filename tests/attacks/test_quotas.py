"""F67: one site's key fills the platform: quotas of bytes and rows, and caps on platform rules.

Broken on purpose by `Usage.take` and `Usage.beyond` that only count, by a `Usage.flush` that drops
what it could not write, and by promoting whatever the caps say: each fails here.
"""

from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.fleet.store import quotas
from flywheel_server.learning.actions import policies as policy_actions
from tests import bundles, cast as people, parts, telemetry
from tests.cast import STAGE, Cast, CastSite
from tests.checking_in import check_in


@pytest.fixture(params=[True, False], ids=["fast path", "ordinary route"])
def hot(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def allow(client: httpx.AsyncClient, **values: int) -> None:
    """Put quotas in force, and have the process learn them."""
    runtime = parts.of(client)
    async with db.transaction(runtime.database, STAGE) as connection:
        await policy_actions.change(connection, STAGE, dict(values), "A test.", clock.now())
    await runtime.usage.flush()


async def test_bytes_of_a_day_end_at_the_quota_and_check_ins_go_on(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await allow(client, quota_mib_per_day=1)
    usage = parts.of(client).usage
    usage.take(cast.site.id, "executions", 1024 * 1024 - 100, clock.now())

    refused = await _one(client, cast.site)

    assert refused.status_code == 507, refused.text
    problem = refused.json()
    assert problem["type"].endswith("quota-reached")
    assert "quota_mib_per_day" in problem["detail"]
    # Others, other kinds, check-ins and orders are not touched.
    assert (await _one(client, cast.neighbour)).status_code == 200
    logs = {"hostname": "vm", "batch": [{"msg": "hello"}]}
    answer = await client.post("/api/logs/ingest", json=logs, headers=cast.site.headers)
    assert answer.status_code == 200, answer.text
    await check_in(client, cast.site, site_id=cast.site.slug)
    await usage.flush()
    assert await _kinds(client, cast) == ["quota_reached"]
    # The remedy ends it.
    await allow(client, quota_mib_per_day=1_000)
    assert (await _one(client, cast.site)).status_code == 200


@pytest.mark.parametrize("kind", ["logs", "evidence", "reports"])
async def test_every_kind_of_traffic_has_its_quota(
    client: httpx.AsyncClient, cast: Cast, kind: Any
) -> None:
    await allow(client, quota_mib_per_day=1)
    parts.of(client).usage.take(cast.site.id, kind, 1024 * 1024 - 1, clock.now())
    agent = bundles.Agent(cast.site)
    asks: dict[str, tuple[str, dict[str, Any]]] = {
        "logs": ("/api/logs/ingest", {"hostname": "vm", "batch": [{"msg": "hello"}]}),
        "evidence": (agent.url, agent.go_body()),
        "reports": ("/incidents", {"host_id": "WS-1", "check_type": "disk", "severity": "low"}),
    }
    path, body = asks[kind]

    answer = await client.post(path, json=body, headers=cast.site.headers)

    assert answer.status_code == 507, answer.text


async def test_hosts_end_at_the_quota_and_known_ones_go_on(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await allow(client, quota_hosts=5)
    items = [telemetry.execution(hostname=f"WS-{number}") for number in range(8)]

    answer = await telemetry.send(client, cast.site, items)

    assert (answer["accepted"], answer["refused"]) == (5, 3)
    assert "quota_hosts" in answer["results"][-1]["problem"]
    assert (await _one(client, cast.site, hostname="WS-9")).status_code == 507
    assert (await _one(client, cast.site, hostname="WS-0")).status_code == 200
    assert (await _one(client, cast.neighbour, hostname="WS-9")).status_code == 200


async def test_a_process_that_starts_knows_what_the_site_has(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await telemetry.send(
        client, cast.site, [telemetry.execution(hostname=f"WS-{number}") for number in range(5)]
    )
    await parts.of(client).usage.flush()
    await telemetry.turn(client, cast.admin)
    await allow(client, quota_hosts=5)
    fresh = type(parts.of(client).usage)(database, lambda _kind: None)
    await fresh.flush()
    fresh._rows = {(cast.site.id, "hosts"): 5}

    seen = await fresh._seen_of(cast.site.id, 1)

    assert (seen.loaded, len(seen.hosts)) == (True, 5)


async def test_open_incidents_end_at_the_quota_and_open_ones_are_reported_again(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for number in range(3):
        assert (await _incident(client, cast.site, number)).status_code == 200
    await parts.of(client).usage.flush()
    await telemetry.turn(client, cast.admin)
    await allow(client, quota_open_incidents=3)
    assert (await _incident(client, cast.site, 0)).status_code == 200
    await parts.of(client).usage.flush()

    refused = await _incident(client, cast.site, 9)

    assert refused.status_code == 507
    assert (await _incident(client, cast.site, 1)).json()["status"] == "deduplicated"


async def test_quotas_are_shown_and_alarm_before_they_are_reached(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await allow(client, quota_mib_per_day=1)
    parts.of(client).usage.take(cast.site.id, "logs", 900_000, clock.now())
    await parts.of(client).usage.flush()
    assert await _kinds(client, cast) == ["quota_near"]
    for headers in (cast.viewer.headers, cast.session("partner viewer")):
        answer = await client.get(f"/api/sites/{cast.site.slug}/quotas", headers=headers)
        by_kind = {each["kind"]: each for each in bundles.good(answer)["items"]}
        assert (by_kind["logs"]["used"], by_kind["logs"]["near"]) == (900_000, True)
        assert by_kind["hosts"]["limit"] == 20_000
    page = await client.get(
        f"/partner/fleet/{cast.site.id}", headers=cast.people["partner viewer"].cookie
    )
    assert "900,000 of 1,048,576" in page.text
    foreign = await client.get(
        f"/api/sites/{cast.site.slug}/quotas", headers=cast.foreign_session("partner viewer")
    )
    assert foreign.status_code == 404


async def test_what_could_not_be_written_is_counted_later(
    client: httpx.AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = parts.of(client).usage
    usage.take(cast.site.id, "logs", 100, clock.now())

    async def fails(*_given: object) -> None:
        raise OSError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(quotas, "add", fails)
        with pytest.raises(Exception, match=r"gone|database"):
            await usage.flush()
    usage.take(cast.site.id, "logs", 50, clock.now())
    await usage.flush()
    answer = await client.get(f"/api/sites/{cast.site.slug}/quotas", headers=cast.viewer.headers)
    by_kind = {each["kind"]: each["used"] for each in bundles.good(answer)["items"]}
    assert by_kind["logs"] == 150


async def test_a_turn_makes_as_many_platform_rules_as_the_policy_says(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    cast = await people.make_cast(database)
    await allow(client, max_platform_rules_per_turn=2, max_platform_rules=3)
    sites = await people.make_organizations(database, 5)
    for site in sites:
        await telemetry.send(
            client,
            site,
            [
                telemetry.execution(incident_type=f"type_{number}", hostname="WS-1")
                for number in range(4)
                for _ in range(4)
            ],
        )
    made = []
    for _ in range(3):
        steps = await telemetry.turn(client, cast.admin)
        made.append(steps["promote_platform"]["rows_out"])

    assert made == [2, 1, 0]
    alarms = bundles.good(await client.get("/api/admin/alarms", headers=cast.viewer.headers))
    (waits,) = [each for each in alarms["items"] if each["kind"] == "platform_rules_wait"]
    assert "max_platform_rules" in waits["what_to_do"]
    await allow(client, max_platform_rules=10)
    await telemetry.turn(client, cast.admin)
    alarms = bundles.good(await client.get("/api/admin/alarms", headers=cast.viewer.headers))
    assert "platform_rules_wait" not in [each["kind"] for each in alarms["items"]]


async def _one(client: httpx.AsyncClient, site: CastSite, **fields: Any) -> httpx.Response:
    return await client.post(
        "/api/agent/executions", json=telemetry.execution(**fields), headers=site.headers
    )


async def _incident(client: httpx.AsyncClient, site: CastSite, number: int) -> httpx.Response:
    body = {"host_id": f"WS-{number}", "check_type": "disk", "severity": "low"}
    return await client.post("/incidents", json=body, headers=site.headers)


async def _kinds(client: httpx.AsyncClient, cast: Cast) -> list[str]:
    answer = await client.get("/api/partners/me/alarms", headers=cast.session("partner viewer"))
    return [each["kind"] for each in bundles.good(answer)["items"] if "quota" in each["kind"]]
