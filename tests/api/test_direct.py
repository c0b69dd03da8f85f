"""Routes that are called as they are answer as the framework would have them answer."""

import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from flywheel_server import embedded, errors
from flywheel_server.api import limits
from flywheel_server.api.direct import DirectRoute
from flywheel_server.app import create_app
from flywheel_server.settings import Settings
from tests import telemetry
from tests.cast import Cast

ONE = "/api/agent/executions"
BATCH = "/api/agent/executions/batch"
LARGE = b" " * (8 * 1024 * 1024 + 1)

Ask = Callable[[Cast, dict[str, Any]], dict[str, Any]]


@pytest.fixture
async def ordinary(
    settings: Settings, address: embedded.Address
) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to an application whose routes are all the framework's."""
    app = create_app(settings, address.app_url)
    routes = app.router.routes
    for place, route in enumerate(routes):
        if isinstance(route, DirectRoute):
            routes[place] = APIRoute(
                route.path, route.endpoint, methods=sorted(route.methods or ()), name=route.name
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
    monkeypatch.setattr(limits, "_now", lambda: 1_000.0)
    answers = []
    for each in (client, ordinary):
        gate = _limits(each)["telemetry"]
        with contextlib.suppress(errors.Busy):
            while True:
                gate.spend(cast.site.id)
        answers.append(_content(await each.post(**_one(cast, telemetry.execution())), ""))
    assert answers[0] == answers[1]
    assert answers[0][0] == 503


async def test_only_what_comes_often_is_called_as_it_is(client: httpx.AsyncClient) -> None:
    app = client._transport.app  # type: ignore[attr-defined]
    direct = {route.path for route in app.routes if isinstance(route, DirectRoute)}
    assert direct == {ONE, BATCH}


def _content(answer: httpx.Response, execution_id: str) -> tuple[int, dict[str, str], str]:
    headers = dict(answer.headers)
    given = headers.pop("x-request-id")
    text = answer.text.replace(execution_id or "-", "-").replace(given, "-")
    return answer.status_code, headers | {"id": given if given == "mine" else ""}, text


def _limits(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return the gates of the application behind a client."""
    app = client._transport.app  # type: ignore[attr-defined]
    (layer,) = [each for each in app.user_middleware if "gates" in each.kwargs]
    gates: dict[str, Any] = layer.kwargs["gates"]
    return gates
