"""F65: bodies of anyone were buffered, inflated and parsed before it was known whose they are."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from flywheel_server.app import create_app
from flywheel_server.core import errors
from flywheel_server.core.embedded import Address
from flywheel_server.core.settings import Settings
from flywheel_server.web import requests
from flywheel_server.web.incoming import Incoming, Room
from tests.cast import Cast

BOMB = gzip.compress(b"[" * 8_000_000)
KEYS: tuple[dict[str, str], ...] = ({}, {"Authorization": "Bearer nobody"}, {"X-API-Key": "nobody"})


async def test_no_route_reads_parses_or_inflates_what_it_does_not_know_the_sender_of(
    settings: Settings, address: Address, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by routes that the framework answers: it parses bodies before dependencies."""
    inflated: list[int] = []
    inflate = requests._inflate

    def counting(body: bytes, most: int) -> bytes:
        inflated.append(len(body))
        return inflate(body, most)

    monkeypatch.setattr(requests, "_inflate", counting)
    app = create_app(settings, address.app_url)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            for path in ("/api/agent/executions", "/incidents", "/api/logs/ingest",
                         "/api/admin/partners", "/api/agent/l2/plan"):  # fmt: skip
                for key in KEYS:
                    packed = key | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
                    answer = await client.post(path, content=BOMB, headers=packed)
                    assert answer.status_code == 401, path
                    answer = await client.post(path, content=b"{" * 60_000, headers=key)
                    assert answer.status_code == 401, path
            assert inflated == []
            known = cast.site.headers | {"Content-Encoding": "gzip"}
            answer = await client.post("/api/logs/ingest", content=BOMB, headers=known)
            assert answer.status_code in {400, 413, 422}
            assert inflated == [len(BOMB)]


async def test_a_large_body_of_a_stranger_is_answered_before_it_comes(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    sent = 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 65_536
            yield b"x" * 65_536

    length = {"Content-Length": str(100 * 65_536)}
    answer = await client.post("/api/agent/executions/batch", content=large(), headers=length)
    assert answer.status_code == 401
    assert sent == 0
    answer = await client.post(
        "/api/agent/executions/batch", content=large(), headers=length | cast.site.headers
    )
    assert answer.status_code == 400
    assert sent == 100 * 65_536


async def test_all_bodies_together_and_those_of_one_sender_are_bounded() -> None:
    room = Room(1_000_000, 300_000)

    async def endless() -> dict[str, object]:
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": True}

    bodies = [Incoming(endless) for _ in range(6)]
    for number, body in enumerate(bodies):
        body.of(number // 2, room)
        with pytest.raises(errors.Busy):
            await body.read(10_000_000)
    assert room.total <= 1_000_000
    for body in bodies:
        body.close()
    assert room.total == 0
