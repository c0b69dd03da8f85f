"""Routes that are called as they are answer as the framework would have them answer."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from flywheel_server.app import create_app
from flywheel_server.core import db, embedded, errors
from flywheel_server.core.settings import Settings
from flywheel_server.executions.routes.direct import DirectRoute
from flywheel_server.web import gates
from tests import parts, telemetry
from tests.cast import STAGE, Cast

ONE = "/api/agent/executions"
BATCH = "/api/agent/executions/batch"
LARGE = b" " * (8 * 1024 * 1024 + 1)

Ask = Callable[[Cast, dict[str, Any]], dict[str, Any]]


@pytest.fixture(params=[True, False], ids=["fast path", "direct route"])
def hot(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def ordinary(
    settings: Settings, address: embedded.Address
) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to an application whose routes are all the framework's."""
    app = create_app(settings, address.app_url, hot=False)
    routes = app.router.routes
    for place, route in enumerate(routes):
        if isinstance(route, DirectRoute):
            routes[place] = APIRoute(
                route.path,
                route.endpoint,
                methods=sorted(route.methods or ()),
                name=route.name,
                dependencies=route.dependencies,
            )
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
            yield opened


def _one(cast: Cast, item: dict[str, Any], **changes: Any) -> dict[str, Any]:
    asked = {"url": ONE, "json": {"execution": item}, "headers": cast.site.headers}
    return asked | changes


def _batch(cast: Cast, item: dict[str, Any], **changes: Any) -> dict[str, Any]:
    items = [item, {"execution_id": "bad"}, item]
    return {"url": BATCH, "json": {"executions": items}, "headers": cast.site.headers} | changes


def _surrogate(cast: Cast, item: dict[str, Any]) -> dict[str, Any]:
    items = [item, telemetry.execution() | {"hostname": "\ud800"}]
    body = json.dumps({"executions": items}).encode()
    return {"url": BATCH, "content": body, "headers": cast.site.headers}


def _packed(cast: Cast, item: dict[str, Any]) -> dict[str, Any]:
    body = gzip.compress(json.dumps({"execution": item}).encode(), mtime=0)
    headers = cast.site.headers | {"Content-Encoding": "gzip"}
    return {"url": ONE, "content": body, "headers": headers}


ASKED: dict[str, Ask] = {
    "one": _one,
    "batch": _batch,
    "of an appliance": lambda c, i: _one(c, i, headers=c.appliance.credential.headers),
    "gzip": _packed,
    "damaged gzip": lambda c, i: _packed(c, i) | {"content": b"\x1f\x8b"},
    "no json": lambda c, i: _one(c, i, json=None, content=b"{"),
    "umlauts": lambda c, i: _one(c, i | {"hostname": "Büro"}),
    "no text": lambda c, _: {"url": ONE, "content": b'"\xff"', "headers": c.site.headers},
    "no execution": lambda c, i: _one(c, i | {"incident_type": None}),
    "flat": lambda c, i: _one(c, {}, json=i | {"site_id": c.site.slug}),
    "long": lambda c, i: _one(c, i | {"reasoning": "x" * 20_000}),
    "nul": lambda c, i: _one(c, i | {"hostname": "a\x00b"}),
    "lone surrogate": _surrogate,
    "too large": lambda c, _: {"url": BATCH, "content": LARGE, "headers": c.site.headers},
    "foreign site": lambda c, i: _one(c, i, json={"site_id": c.neighbour.slug, "execution": i}),
    "foreign item": lambda c, i: _one(c, i | {"site_id": c.neighbour.slug}),
    "no key": lambda c, i: _one(c, i, headers={}),
    "unknown key": lambda c, i: _one(c, i, headers={"Authorization": "Bearer nobody"}),
    "other scheme": lambda c, i: _one(c, i, headers={"Authorization": "Basic x"}),
    "key in its own header": lambda c, i: _one(c, i, headers={"X-API-Key": c.site.key}),
    "two keys": lambda c, i: _one(c, i, headers=c.site.headers | {"X-API-Key": "another"}),
    "an operator": lambda c, i: _one(c, i, headers=c.admin.headers),
    "a person": lambda c, i: _one(c, i, headers=c.session("client viewer")),
    "a request id": lambda c, i: _one(c, i, headers=c.site.headers | {"X-Request-Id": "mine"}),
    "a query": lambda c, i: _one(c, i, params={"site_id": "another"}),
    "a nul in the query": lambda c, i: _one(c, i, url=f"{ONE}?a=%00"),
    "another method": lambda c, i: _one(c, i, method="PUT"),
    "a slash": lambda c, i: _one(c, i, url=f"{ONE}/"),
}


@pytest.mark.parametrize("name", ASKED)
async def test_the_answer_is_the_same(
    client: httpx.AsyncClient, ordinary: httpx.AsyncClient, cast: Cast, name: str
) -> None:
    answers = []
    for each in (client, ordinary):
        # From now on the key is known: the fast path takes no others.
        await each.get("/agent/sync", headers=cast.site.headers)
        await each.get("/agent/sync", headers=cast.appliance.credential.headers)
        item = telemetry.execution()
        asked: dict[str, Any] = {"method": "POST"} | ASKED[name](cast, item)
        answer = await each.request(**asked)
        answers.append(_content(answer, item["execution_id"]))
    assert answers[0] == answers[1]


async def test_a_site_beyond_its_budget_is_refused_in_the_same_way(
    client: httpx.AsyncClient,
    ordinary: httpx.AsyncClient,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gates, "_now", lambda: 1_000.0)
    answers = []
    for each in (client, ordinary):
        gate = _limits(each)["telemetry"]
        with contextlib.suppress(errors.Busy):
            while True:
                gate.spend(cast.site.id)
        answers.append(_content(await each.post(**_one(cast, telemetry.execution())), ""))
    assert answers[0] == answers[1]
    assert answers[0][0] == 503


@pytest.mark.parametrize(
    ("refuse", "status"),
    [
        ("RAISE EXCEPTION 'numeric' USING ERRCODE = 'numeric_value_out_of_range'", 422),
        ("RAISE EXCEPTION 'disk' USING ERRCODE = 'disk_full'", 503),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", 503),
    ],
    ids=str,
)
async def test_what_the_database_refuses_is_told_in_the_same_way(
    client: httpx.AsyncClient,
    ordinary: httpx.AsyncClient,
    owner: Any,
    cast: Cast,
    refuse: str,
    status: int,
) -> None:
    """Broken by answering a failed write in the fast path itself: it knows no handlers."""
    await owner.execute(
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {refuse}; END$$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON execution_keys EXECUTE FUNCTION refuse()"
    )
    answers = []
    for each in (client, ordinary):
        await each.get("/agent/sync", headers=cast.site.headers)
        answers.append(_content(await each.post(**_one(cast, telemetry.execution())), ""))
    assert answers[0] == answers[1]
    assert answers[0][0] == status
    assert _answered(client, status) == 1


@pytest.mark.parametrize("word", ["Task cancelled, timeout graceful shutdown exceeded", "gone"])
async def test_who_waits_when_the_server_ends_is_told_to_send_it_again(
    client: httpx.AsyncClient,
    database: db.Database,
    owner: Any,
    cast: Cast,
    word: str,
) -> None:
    await client.get("/agent/sync", headers=cast.site.headers)
    async with owner.transaction():
        await owner.execute("LOCK TABLE execution_keys")
        asked = asyncio.create_task(client.post(**_one(cast, telemetry.execution())))
        await _somebody_waits(database)
        asked.cancel(word)
        if word == "gone":
            with pytest.raises(asyncio.CancelledError):
                await asked
        else:
            answer = await asked
            assert (answer.status_code, answer.json()["detail"]) == (
                503,
                "The server is ending: send it again.",
            )
    assert _limits(client)["telemetry"].free == 1_024


async def test_only_what_comes_often_is_called_as_it_is(client: httpx.AsyncClient) -> None:
    app = client._transport.app  # type: ignore[attr-defined]
    direct = {route.path for route in app.routes if isinstance(route, DirectRoute)}
    assert direct == {ONE, BATCH}


def _content(answer: httpx.Response, execution_id: str) -> tuple[int, dict[str, str], str]:
    headers = dict(answer.headers)
    given = headers.pop("x-request-id")
    # Ids are counted, so that one may be a digit longer than the other.
    if execution_id in answer.text:
        headers["content-length"] = str(int(headers["content-length"]) - len(execution_id))
    text = answer.text.replace(execution_id or "-", "-").replace(given, "-")
    return answer.status_code, headers | {"id": given if given == "mine" else ""}, text


def _limits(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return the gates of the application behind a client."""
    app = client._transport.app  # type: ignore[attr-defined]
    (layer,) = [each for each in app.user_middleware if "table" in each.kwargs]
    gates: dict[str, Any] = layer.kwargs["table"].gates
    return gates


def _answered(client: httpx.AsyncClient, status: int) -> float:
    """Return how many single posts the application says to have answered with a status."""
    labels = {"method": "POST", "route": ONE, "status": str(status)}
    return parts.of(client).registry.get_sample_value("flywheel_http_requests_total", labels) or 0


async def _somebody_waits(database: db.Database) -> None:
    """Return once a statement waits for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    async with asyncio.timeout(20):
        waiting = 0
        while not waiting:
            # A transaction each: within one, the view stands still.
            async with db.transaction(database, STAGE) as connection:
                waiting = await connection.fetchval(query)
