"""F67: one viewer, one key or one address took the places of all others."""

import asyncio

import httpx
import pytest

from flywheel_server.core.settings import Settings
from flywheel_server.web import limits
from tests.cast import Cast

KINDS = limits.kinds(Settings(loop=False))
WRONG = {"email": "nobody@example.com", "password": "wrong"}


@pytest.mark.usefixtures("cast")
async def test_a_budget_is_spent_before_a_place_is_waited_for(client: httpx.AsyncClient) -> None:
    """Broken by spending it in the route: what waits there is far more than one address may try."""
    count = KINDS["sign-in"].burst + 20
    bodies = [WRONG | {"email": f"nobody-{n}@example.com"} for n in range(count)]
    asked = [client.post("/api/auth/sign-in", json=body) for body in bodies]
    answers = await asyncio.gather(*asked)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 15
    assert all(answer.headers["retry-after"] for answer in refused)


def test_no_tenant_and_no_sender_may_hold_or_await_every_place() -> None:
    """Kinds whose requests wait for the database leave places for others."""
    for name in ("check-ins", "sync", "telemetry", "reports", "orders", "plans", "people", "live"):
        kind = KINDS[name]
        assert kind.tenant_most is not None, name
        assert kind.tenant_most < max(2, kind.most), name
        if kind.waiting:
            assert kind.sender_waiting is not None, name
            assert kind.sender_waiting <= kind.waiting // 2, name


async def test_wrong_passwords_keep_nobody_from_asking_for_a_link(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    email = cast.people["partner owner"].email
    for _ in range(40):
        await client.post("/api/auth/sign-in", json=WRONG | {"email": email})
    locked = await client.post("/api/auth/sign-in", json=WRONG | {"email": email})
    assert locked.status_code == 429
    # From another address, which has not tried anything.
    transport = httpx.ASGITransport(client._transport.app, client=("192.0.2.7", 1))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as elsewhere:
        asked = await elsewhere.post("/api/auth/links", json={"email": email})
    assert asked.status_code == 202
