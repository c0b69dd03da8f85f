"""Each kind of traffic has places and budgets of its own: no burst of one starves check-ins.

Broken on purpose: with one gate for every kind, the check-in waits behind the others.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import Depends, FastAPI

from flywheel_server.app import create_app
from flywheel_server.core import embedded
from flywheel_server.core.settings import Settings
from flywheel_server.web import limits, traffic
from flywheel_server.web.access import PUBLIC
from flywheel_server.web.traffic import Traffic
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
    "kind", [traffic.REPORTS, traffic.PLANS, traffic.SIGN_IN_FORMS, traffic.PEOPLE]
)
async def test_f53_a_check_in_is_answered_while_every_place_of_another_kind_is_taken(
    settings: Settings, address: embedded.Address, cast: Cast, kind: Traffic
) -> None:
    app, held = _app(settings, kind, address.app_url)
    async with app.router.lifespan_context(app), _crowd(app) as crowd:
        burst = [asyncio.create_task(crowd[n % len(crowd)].get("/held")) for n in range(1_000)]
        shed = await _first_shed(burst)
        answer = await crowd[0].post(
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
    app, held = _app(settings, traffic.PEOPLE)
    held.let_go.set()
    async with _crowd(app) as crowd:
        for _ in range(3):
            answers = await asyncio.gather(*(each.get("/held") for each in crowd for _ in "abc"))
            assert {answer.status_code for answer in answers} == {200}


async def test_f53_a_caller_who_gives_up_waiting_leaves_no_place_behind(settings: Settings) -> None:
    app, held = _app(settings, traffic.PEOPLE)
    async with _crowd(app) as crowd:
        burst = [asyncio.create_task(each.get("/held")) for each in crowd]
        while held.inside < limits.kinds(settings)["people"].most:
            await asyncio.sleep(0)
        for task in burst:
            task.cancel()
        await asyncio.gather(*burst, return_exceptions=True)
        held.let_go.set()
        answers = await asyncio.gather(*(each.get("/held") for each in crowd))
    assert {answer.status_code for answer in answers} == {200}


def _app(
    settings: Settings, kind: Traffic, url: str = "postgresql://nobody@127.0.0.1:1/none"
) -> tuple[FastAPI, Held]:
    app = create_app(settings, url)
    held = Held()
    app.add_api_route("/held", held.__call__, dependencies=[*PUBLIC, Depends(kind)])
    return app, held


@contextlib.asynccontextmanager
async def _crowd(app: FastAPI) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Talk from many addresses: those of one share a few of the places."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app, client=(f"192.0.2.{number}", 1)),
                    base_url="http://server",
                )
            )
            for number in range(50)
        ]


async def _first_shed(burst: list[asyncio.Task[httpx.Response]]) -> httpx.Response:
    for done in asyncio.as_completed(burst):
        return await done
    raise LookupError("nothing was shed")
