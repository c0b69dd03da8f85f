"""Each kind of traffic has places and budgets of its own: no burst of one starves check-ins.

Broken on purpose: with one gate for every kind, the check-in waits behind the others.
"""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from flywheel_server import embedded
from flywheel_server.api.access import PUBLIC
from flywheel_server.app import create_app
from flywheel_server.settings import Settings
from tests.cast import Cast


class Held:
    """Routes whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.inside = 0

    async def __call__(self) -> dict[str, str]:
        self.inside += 1
        await self.let_go.wait()
        return {}


@pytest.mark.parametrize(
    "path", ["/api/agent/l2/held", "/api/auth/sign-in/", "/anything/of/people"]
)
async def test_f53_a_check_in_is_answered_while_every_place_of_another_kind_is_taken(
    settings: Settings, address: embedded.Address, cast: Cast, path: str
) -> None:
    app, held = _app(settings, path, address.app_url)
    async with app.router.lifespan_context(app), _client(app) as client:
        burst = [asyncio.create_task(client.get(path)) for _ in range(1_000)]
        shed = await _first_shed(burst)
        answer = await client.post(
            "/api/appliances/checkin", json={"hostname": "vm"}, headers=cast.site.headers
        )
        held.let_go.set()
        answers = await asyncio.gather(*burst)

    assert answer.status_code == 200
    assert shed.headers["retry-after"]
    assert shed.json()["type"] == "urn:flywheel:problem:busy"
    served = [each for each in answers if each.status_code == 200]
    assert served
    assert len(served) == held.inside < 1_000


async def test_f53_places_are_handed_on_when_their_requests_end(settings: Settings) -> None:
    app, held = _app(settings, "/anything")
    held.let_go.set()
    async with _client(app) as client:
        for _ in range(3):
            answers = await asyncio.gather(*(client.get("/anything") for _ in range(150)))
            assert {answer.status_code for answer in answers} == {200}


async def test_f53_a_caller_who_gives_up_waiting_leaves_no_place_behind(settings: Settings) -> None:
    app, held = _app(settings, "/anything")
    async with _client(app) as client:
        burst = [asyncio.create_task(client.get("/anything")) for _ in range(100)]
        while held.inside < 5:
            await asyncio.sleep(0)
        for task in burst:
            task.cancel()
        await asyncio.gather(*burst, return_exceptions=True)
        held.let_go.set()
        answers = await asyncio.gather(*(client.get("/anything") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}


def _app(
    settings: Settings, path: str, url: str = "postgresql://nobody@127.0.0.1:1/none"
) -> tuple[FastAPI, Held]:
    app = create_app(settings, url)
    held = Held()
    app.add_api_route(path, held.__call__, dependencies=PUBLIC)
    return app, held


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(transport=transport, base_url="http://server", limits=limits)


async def _first_shed(burst: list[asyncio.Task[httpx.Response]]) -> httpx.Response:
    for done in asyncio.as_completed(burst):
        return await done
    raise LookupError("nothing was shed")
