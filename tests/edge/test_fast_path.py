"""What is answered before the framework is answered as by the ordinary route, or not at all."""

import collections
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from flywheel_server.app import create_app
from flywheel_server.core import db, embedded, errors
from flywheel_server.core.settings import Settings
from flywheel_server.edge import fast_path
from flywheel_server.edge.fast_path import FastPath
from flywheel_server.web import access, limits
from flywheel_server.web.gates import Gate
from tests import parts, telemetry
from tests.cast import Cast

BODY = {"hostname": "vm", "mac_address": "02:00:5e:10:00:01", "ip_addresses": ["192.0.2.10"]}
RAW = json.dumps(BODY).encode()
ONE = fast_path.EXECUTION
EXECUTION = json.dumps({"execution": telemetry.execution()}).encode()

Gates = dict[str, Gate]


@pytest.fixture
def gates(settings: Settings) -> Gates:
    return limits.gates_of(settings)


@pytest.fixture
async def alone(client: httpx.AsyncClient, gates: Gates) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to the fast path of the same process with 404 in place of everything behind it."""

    async def nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    layer = FastPath(nothing, limits.Table(gates, parts.app(client).routes, access.traffic))
    layer.runtime = parts.of(client)
    transport = httpx.ASGITransport(layer)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
        yield opened


@pytest.fixture
async def ordinary(
    settings: Settings, address: embedded.Address
) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to an application on the same database that has no fast path."""
    app = create_app(settings, address.app_url, hot=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
            yield opened


async def test_what_is_served_over_https_says_so_at_every_door(
    settings: Settings, address: embedded.Address, cast: Cast
) -> None:
    """Broken by a fast path that is not told how it is reached."""
    https = settings.model_copy(update={"public_url": "https://flywheel.example.com"})
    app = create_app(https, address.app_url)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            tag = await warm(client, cast.appliance.credential.headers)
            headers = cast.appliance.credential.headers
            answers = [
                await client.get(fast_path.SYNC, headers=headers),
                await client.get(fast_path.SYNC, headers=headers | {"If-None-Match": tag}),
                await client.post(fast_path.CHECK_IN, json=BODY, headers=headers),
                await client.get("/health"),
                await client.get("/nothing-here"),
            ]
    assert [answer.status_code for answer in answers] == [200, 304, 200, 200, 404]
    for answer in answers:
        assert answer.headers.get_list("strict-transport-security") == ["max-age=31536000"]


async def warm(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    """Let the process learn the key, its rule set and its appliance; return the set's tag."""
    await client.post(fast_path.CHECK_IN, json=BODY, headers=headers)
    await parts.settle(client)
    for _ in range(2):
        await client.post(fast_path.CHECK_IN, json=BODY, headers=headers)
    answer = await client.get(fast_path.SYNC, headers=headers)
    return answer.headers["etag"]


def content(answer: httpx.Response) -> tuple[Any, ...]:
    """Return all of an answer but the request's id and the time of day."""
    headers = {name: text for name, text in answer.headers.items() if name != "x-request-id"}
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body.pop("server_time", None)
        body.pop("detail", None)
    return answer.status_code, headers, body, len(answer.headers["x-request-id"])


async def test_what_is_known_is_answered_before_the_framework(
    client: httpx.AsyncClient, alone: httpx.AsyncClient, cast: Cast
) -> None:
    headers = cast.site.headers
    assert (await alone.get(fast_path.SYNC, headers=headers)).status_code == 404
    etag = await warm(client, headers)

    unchanged = await alone.get(fast_path.SYNC, headers=headers | {"If-None-Match": etag})
    whole = await alone.get(f"{fast_path.SYNC}?site_id={cast.site.slug}", headers=headers)
    check_in = await alone.post(
        fast_path.CHECK_IN, json=BODY | {"uptime_seconds": 60}, headers=headers
    )

    assert [each.status_code for each in (unchanged, whole, check_in)] == [304, 200, 200]


async def test_one_execution_is_recorded_before_the_framework(
    client: httpx.AsyncClient, alone: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    async def post(*items: dict[str, Any], **headers: str) -> list[int]:
        headers = cast.site.headers | headers
        bodies = [{"execution": item} for item in items]
        answers = [await alone.post(ONE, json=body, headers=headers) for body in bodies]
        return [answer.status_code for answer in answers]

    item = telemetry.execution()
    assert await post(item, Authorization="Bearer nobodys") == [404]
    await warm(client, cast.site.headers)

    corrected = item | {"success": False}
    assert await post(item, item, corrected, corrected) == [200] * 4
    # What says more than its key and its body, and what will be refused, goes on as it came.
    assert await post(item | {"site_id": "another"}, item | {"success": None}, {}) == [404] * 3
    assert await post(item, Cookie="flywheel_session=x") == [404]

    facts = await telemetry.facts(database, execution_id=item["execution_id"])
    weights = collections.Counter[str]()
    for fact in facts:
        weights[fact["outcome"]] += fact["weight"]
    assert weights == {"success": 0, "failure": 1}


async def test_an_execution_without_a_free_place_waits_for_one_as_any_other(
    client: httpx.AsyncClient, alone: httpx.AsyncClient, gates: Gates, cast: Cast
) -> None:
    await warm(client, cast.site.headers)
    asked: dict[str, Any] = {
        "json": {"execution": telemetry.execution()},
        "headers": cast.site.headers,
    }
    before, gates["telemetry"].free = gates["telemetry"].free, 0
    assert (await alone.post(ONE, **asked)).status_code == 404
    gates["telemetry"].free = before
    assert (await alone.post(ONE, **asked)).status_code == 200
    assert gates["telemetry"].free == before


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"X-Request-Id": "mine"}},
        {"headers": {"X-Request-Id": "not fit"}},
        {"headers": {"If-None-Match": '"other"'}},
        {"headers": {"If-None-Match": "*"}},
        {"headers": {"Authorization": "Bearer nobody"}},
        {"headers": {"Authorization": "Basic x"}},
        {"headers": {"Cookie": "flywheel_session=x"}},
        {"headers": {"X-Api-Key": "another"}},
        {"params": {"site_id": "another"}},
        {"params": {"site_id": ""}},
        {"params": {"other": "1"}},
        {"method": "HEAD"},
        {"method": "DELETE"},
    ],
    ids=str,
)
async def test_a_sync_is_answered_in_the_same_way_on_both(
    client: httpx.AsyncClient, ordinary: httpx.AsyncClient, cast: Cast, changes: dict[str, Any]
) -> None:
    etag = await warm(client, cast.site.headers)
    for tag in ({}, {"If-None-Match": etag}):
        headers = cast.site.headers | tag | changes.get("headers", {})
        request = {"method": "GET", "url": fast_path.SYNC} | changes | {"headers": headers}
        assert content(await client.request(**request)) == content(
            await ordinary.request(**request)
        )


@pytest.mark.parametrize(
    "body",
    [
        RAW,
        b"",
        b"{",
        b"[]",
        RAW.replace(b"vm", b" vm "),
        RAW.replace(b"}", b', "uptime_seconds": 61}'),
        RAW.replace(b"}", b', "uptime_seconds": 61.0}'),
        RAW.replace(b"}", b', "uptime_seconds": 61.5}'),
        RAW.replace(b"}", b', "uptime_seconds": -1}'),
        RAW.replace(b"}", b', "uptime_seconds": 9223372036854775808}'),
        RAW.replace(b"}", b', "site_id": "another"}'),
        RAW.replace(b"}", b', "site_id": 5}'),
        RAW.replace(b"}", b', "hostname": null, "hostname": "vm"}'),
        RAW.replace(b"}", b', "mac_address": "no mac"}'),
        RAW.replace(b"}", b', "agent_version": 5}'),
        RAW.replace(b"}", b', "active_l2_mode": "off"}'),
        RAW.replace(b"}", b', "unknown": NaN}'),
        RAW.replace(b"}", b', "unknown": "\\ud800"}'),
        RAW.replace(b"}", b', "unknown": "\xff"}'),
        RAW.replace(b"}", b', "unknown": "' + b"x" * 20_000 + b'"}'),
    ],
    ids=range(20),
)
async def test_a_check_in_is_answered_in_the_same_way_on_both(
    client: httpx.AsyncClient, ordinary: httpx.AsyncClient, cast: Cast, body: bytes
) -> None:
    headers = cast.appliance.credential.headers
    await warm(client, headers)
    answers = [
        await each.post(fast_path.CHECK_IN, content=body, headers=headers)
        for each in (client, ordinary)
    ]
    assert content(answers[0]) == content(answers[1])


async def test_it_counts_as_the_ordinary_route_does(
    client: httpx.AsyncClient, alone: httpx.AsyncClient, cast: Cast
) -> None:
    etag = await warm(client, cast.site.headers)
    labels = {"method": "GET", "route": fast_path.SYNC, "status": "304"}
    registry = parts.of(client).registry
    before = registry.get_sample_value("flywheel_http_requests_total", labels) or 0
    for each in (client, alone):
        await each.get(fast_path.SYNC, headers=cast.site.headers | {"If-None-Match": etag})
    assert registry.get_sample_value("flywheel_http_requests_total", labels) == before + 2
    route = {"route": fast_path.SYNC}
    counted = registry.get_sample_value("flywheel_http_request_seconds_count", route)
    within = {**route, "le": "+Inf"}
    assert counted == registry.get_sample_value("flywheel_http_request_seconds_bucket", within)


async def test_an_empty_bucket_is_left_to_the_ordinary_way_to_refuse(
    client: httpx.AsyncClient,
    alone: httpx.AsyncClient,
    gates: Gates,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await warm(client, cast.site.headers)
    await warm(client, cast.neighbour.headers)
    # Time stands still, or the buckets refill while the requests are on their way.
    monkeypatch.setattr("flywheel_server.web.gates._now", lambda: 1_000.0)
    for kind, ask in (
        ("sync", {"method": "GET", "url": fast_path.SYNC}),
        ("check-ins", {"method": "POST", "url": fast_path.CHECK_IN, "content": RAW}),
        ("telemetry", {"method": "POST", "url": ONE, "content": EXECUTION}),
    ):
        with contextlib.suppress(errors.Busy):
            while True:
                gates[kind].spend(cast.site.id)
        assert (await alone.request(**ask, headers=cast.site.headers)).status_code == 404
        assert (await alone.request(**ask, headers=cast.neighbour.headers)).status_code == 200


async def test_what_memory_answers_is_answered_though_no_place_is_free(
    client: httpx.AsyncClient, alone: httpx.AsyncClient, gates: Gates, cast: Cast
) -> None:
    """Broken by handing on what finds no place: as each then costs more, it would stay so."""
    await warm(client, cast.site.headers)
    for kind, ask in (
        ("sync", {"method": "GET", "url": fast_path.SYNC}),
        ("check-ins", {"method": "POST", "url": fast_path.CHECK_IN, "content": RAW}),
    ):
        before, gates[kind].free = gates[kind].free, 0
        assert (await alone.request(**ask, headers=cast.site.headers)).status_code == 200
        # Whoever waits for a place has not been given one that nobody had.
        assert gates[kind].free == 0
        gates[kind].free = before
        assert (await alone.request(**ask, headers=cast.site.headers)).status_code == 200
        assert gates[kind].free == before


async def test_a_revoked_key_is_unknown_at_once(
    client: httpx.AsyncClient, alone: httpx.AsyncClient, cast: Cast
) -> None:
    etag = await warm(client, cast.site.headers)
    headers = cast.site.headers | {"If-None-Match": etag}
    assert (await alone.get(fast_path.SYNC, headers=headers)).status_code == 304
    answer = await client.delete(
        f"/api/admin/keys/{cast.site.credential.id}", headers=cast.admin.headers
    )
    assert answer.is_success, answer.text
    assert (await alone.get(fast_path.SYNC, headers=headers)).status_code == 404
    assert (await client.get(fast_path.SYNC, headers=headers)).status_code == 401
