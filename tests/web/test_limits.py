"""Budgets by kind of traffic and sender."""

import asyncio

import httpx
import pytest

from flywheel_server.core import errors
from flywheel_server.core.settings import Settings
from flywheel_server.web import gates, limits
from flywheel_server.web.gates import Claim, Gate, Kind
from tests.cast import Cast

ANYONE = Claim(None, None)
KINDS = limits.kinds(Settings(loop=False))


def _gate(**changes: object) -> Gate:
    values: dict[str, object] = {
        "name": "law",
        "most": 1,
        "waiting": 1,
        "rate": 0.001,
        "burst": 3,
        "refusal": errors.Busy,
    }
    return Gate(Kind(**(values | changes)))  # type: ignore[arg-type]


def test_a_sender_may_send_a_burst_and_not_one_more() -> None:
    gate = _gate()
    for _ in range(3):
        gate.spend("one")
    with pytest.raises(errors.Busy):
        gate.spend("one")
    gate.spend("another")


def test_a_bucket_fills_again_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(gates, "_now", lambda: now)
    gate = _gate(rate=10, burst=1)
    gate.spend("one")
    with pytest.raises(errors.Busy):
        gate.spend("one")
    now += 0.1
    gate.spend("one")


def test_made_up_senders_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_MOST_SENDERS", 10)
    gate = _gate()
    for number in range(100):
        gate.spend(number)
    assert len(gate._full_at) <= 10


def test_telemetry_has_what_agents_were_promised_and_nobody_of_them_hears_429() -> None:
    assert KINDS["telemetry"].rate >= 50
    assert KINDS["telemetry"].burst >= 1_000
    for name in ("check-ins", "sync", "telemetry", "reports", "orders"):
        assert KINDS[name].refusal is errors.Busy, name
    most = max(kind.burst for name, kind in KINDS.items() if name != "check-ins")
    assert KINDS["check-ins"].burst > most
    assert KINDS["check-ins"].waiting > max(
        kind.waiting for name, kind in KINDS.items() if name != "check-ins"
    )


async def test_a_place_goes_to_whoever_waits_longest() -> None:
    gate = _gate(waiting=2)
    await gate.enter()
    first = asyncio.create_task(gate.enter())
    second = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    with pytest.raises(errors.Busy):
        await gate.enter()
    gate.leave(ANYONE)
    await first
    assert not second.done()
    gate.leave(ANYONE)
    await second
    gate.leave(ANYONE)
    assert gate.free == 1


async def test_who_gives_up_at_the_last_moment_passes_the_place_on() -> None:
    gate = _gate()
    await gate.enter()
    waiting = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    gate.leave(ANYONE)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert gate.free == 1


async def test_a_site_beyond_its_budget_is_told_to_come_again_and_others_are_served(
    client: httpx.AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(gates, "_now", lambda: now)
    path = "/api/agent/executions"
    burst = KINDS["telemetry"].burst
    statuses = [
        (await client.post(path, content=b"{", headers=cast.site.headers)).status_code
        for _ in range(burst)
    ]
    assert set(statuses) == {400}
    shed = await client.post(path, content=b"{", headers=cast.site.headers)
    assert shed.status_code == 503
    assert shed.headers["retry-after"]
    assert shed.json()["type"] == "urn:flywheel:problem:busy"
    other = await client.post(path, content=b"{", headers=cast.neighbour.headers)
    assert other.status_code == 400
    check_in = await client.post(
        "/api/appliances/checkin", json={"hostname": "vm"}, headers=cast.site.headers
    )
    assert check_in.status_code == 200


async def test_a_person_beyond_their_budget_is_told_to_slow_down(
    client: httpx.AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "_now", lambda: 1_000.0)
    for _ in range(KINDS["people"].burst):
        answer = await client.get("/api/auth/session", headers=cast.session("client viewer"))
        assert answer.status_code == 200
    answer = await client.get("/api/auth/session", headers=cast.session("client viewer"))
    assert answer.status_code == 429
    other = await client.get("/api/auth/session", headers=cast.session("client admin"))
    assert other.status_code == 200
