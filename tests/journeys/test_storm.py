"""All appliances return at once after a restart: the server sheds before it falls, and recovers."""

import asyncio
import contextlib
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

from flywheel_server.core import embedded
from simulator import open_loop
from tests import programs, small_server, telemetry
from tests.cast import Cast, CastSite

FLEET = 200
OTHERS = 20
PATIENCE = 60.0
JSON = "Content-Type: application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]


async def test_a_storm_after_a_restart_is_shed_and_orders_and_telemetry_are_not(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    """Made to fail by check-ins that wait without an end, and by one budget for all kinds.

    All bring another version, so that each needs the database.
    """
    given = {"database_url": address.app_url, "loop": "false"}
    serving = partial(programs.serving_as, "tests.small_server", tmp_path, given)
    check_ins = [_check_in(cast.sites[n % len(cast.sites)], n) for n in range(FLEET)]
    async with serving() as before:
        assert await _gently(before, check_ins) == {HTTPStatus.OK: FLEET}
        await before.kill()

    check_ins = [each.replace(b'"0.1.0"', b'"0.1.1"') for each in check_ins]
    async with serving() as server:
        others = [_telemetry(cast.sites[n % len(cast.sites)]) for n in range(OTHERS)]
        others += [_orders(cast.sites[n % len(cast.sites)], n) for n in range(OTHERS)]
        # The others come last, when every place for a check-in is taken.
        answers = await _at_once(server, check_ins + others)
        stormed, answered = answers[:FLEET], answers[FLEET:]

        assert {answer.status for answer in answered} == {HTTPStatus.OK}
        shed = [n for n, answer in enumerate(stormed) if answer.status != HTTPStatus.OK]
        assert {stormed[n].status for n in shed} == {HTTPStatus.SERVICE_UNAVAILABLE}
        assert all(int(stormed[n].headers["retry-after"]) > 0 for n in shed)
        # Whoever had a place or could wait for one was served, and not everybody could.
        assert small_server.AT_ONCE + small_server.WAITING <= FLEET - len(shed) < FLEET

        assert await _gently(server, [check_ins[n] for n in shed]) == {HTTPStatus.OK: len(shed)}
        syncs = [_request("GET", "/agent/sync", site.key) for site in cast.sites]
        assert await _gently(server, check_ins + syncs) == {HTTPStatus.OK: FLEET + len(syncs)}
        # Nobody has to wait for what memory answers, however many come.
        again = await _at_once(server, check_ins)
        assert {answer.status for answer in again} == {HTTPStatus.OK}
        assert server.process.returncode is None


async def _at_once(server: programs.Server, requests: Sequence[bytes]) -> list[Answer]:
    """Send each over a connection of its own, all in the same moment."""
    async with contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(_connection(server)) for _ in requests]
        for (_, writer), request in zip(opened, requests, strict=True):
            writer.write(request)
        async with asyncio.timeout(PATIENCE):
            return [await _answer(reader) for reader, _ in opened]


async def _gently(server: programs.Server, requests: Sequence[bytes]) -> dict[int, int]:
    """Send over a few connections, one after the other on each; count the answers by status."""
    shares = [requests[n :: small_server.WAITING] for n in range(small_server.WAITING)]
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(_one_by_one(server, share) for share in shares))
    return dict(Counter(itertools.chain(*found)))


async def _one_by_one(server: programs.Server, requests: Sequence[bytes]) -> list[int]:
    statuses = []
    async with _connection(server) as (reader, writer):
        for request in requests:
            writer.write(request)
            statuses.append((await _answer(reader)).status)
    return statuses


@contextlib.asynccontextmanager
async def _connection(
    server: programs.Server,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = server.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    await reader.readexactly(int(headers["content-length"]))
    return Answer(int(first.split()[1]), headers)


def _check_in(site: CastSite, number: int) -> bytes:
    body = open_loop.check_in_body(site.slug, number, 0)
    return _request("POST", "/api/appliances/checkin", site.key, body)


def _telemetry(site: CastSite) -> bytes:
    body = json.dumps({"site_id": site.slug, "execution": telemetry.execution()}).encode()
    return _request("POST", "/api/agent/executions", site.key, body)


def _orders(site: CastSite, number: int) -> bytes:
    mac = json.loads(open_loop.check_in_body(site.slug, number, 0))["mac_address"].upper()
    path = f"/api/fleet/orders/pending?appliance_id={site.slug}-{mac}"
    return _request("GET", path, site.key)


def _request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: server", f"Authorization: Bearer {key}"]
    if body:
        lines += [JSON, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
