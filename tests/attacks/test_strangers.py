"""Somebody without a credential, who has a few bytes and many connections."""

import asyncio
import gzip
from pathlib import Path

import pytest

from flywheel_server import embedded
from tests.attacks import beside
from tests.attacks.beside import Attack, Scene
from tests.cast import Cast

_EXECUTIONS = b"POST /api/agent/executions/batch HTTP/1.1\r\nHost: server\r\n"
_UNKNOWN = b"Authorization: Bearer nobody\r\n"
_BOMB = gzip.compress(b'{"executions":[' + b"[" * 8_000_000)


async def _endless_header(scene: Scene) -> None:
    """Before: others waited for 28 seconds."""
    head = b"GET /health HTTP/1.1\r\nHost: server\r\nX: "
    await asyncio.gather(*(beside.pour(scene.port, head, b"x" * 262_144) for _ in range(2)))


async def _millions_of_headers(scene: Scene) -> None:
    """Before: 400 MiB."""
    head = b"GET /health HTTP/1.1\r\nHost: server\r\n"
    await asyncio.gather(*(beside.pour(scene.port, head, b"a:b\r\n" * 50_000) for _ in range(2)))


async def _endless_trailer(scene: Scene) -> None:
    head = _EXECUTIONS + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: "
    await asyncio.gather(*(beside.pour(scene.port, head, b"x" * 262_144) for _ in range(2)))


async def _bombs(scene: Scene) -> None:
    """Before: each was inflated and parsed, and held the event loop for 0.3 seconds."""
    size = b"Content-Encoding: gzip\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(_BOMB)

    async def one(credential: bytes) -> None:
        while True:
            answer = await beside.ask(scene.port, _EXECUTIONS + credential + size + _BOMB)
            assert b" 401 " in answer[:20] or b" 503 " in answer[:20]
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one(credential) for credential in (b"", _UNKNOWN) * 3))


async def _slow_bodies(scene: Scene) -> None:
    """Before: what came of 8 MiB each was kept for as long as the connection lasted."""
    head = _EXECUTIONS + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"ea60\r\n" + b"x" * 60_000 + b"\r\n"
    await asyncio.gather(*(beside.pour(scene.port, head, chunk, 0.5) for _ in range(200)))


async def _wrong_keys(scene: Scene) -> None:
    """Each key is another, so that memory knows none of them."""

    async def one(name: int) -> None:
        for number in range(1_000_000):
            key = f"Authorization: Bearer wrong-{name}-{number}\r\n".encode()
            head = b"GET /agent/sync HTTP/1.1\r\nHost: server\r\nConnection: close\r\n"
            await beside.ask(scene.port, head + key + b"\r\n")

    await asyncio.gather(*(one(name) for name in range(8)))


@pytest.mark.parametrize(
    "attack",
    [_endless_header, _millions_of_headers, _endless_trailer, _bombs, _slow_bodies, _wrong_keys],
    ids=lambda attack: attack.__name__.strip("_"),
)
async def test_a_stranger_does_not_stop_check_ins(
    tmp_path: Path, address: embedded.Address, cast: Cast, attack: Attack
) -> None:
    async with beside.scene(tmp_path, address, cast) as scene:
        effect = await beside.measure(scene, attack)
    effect.check()


async def test_idle_connections_keep_nobody_out(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    """Before: 1,003 of them took every open file there was."""

    async def crowd(scene: Scene) -> None:
        writers = []
        try:
            for _ in range(400):
                _, writer = await asyncio.open_connection("127.0.0.1", scene.port)
                writers.append(writer)
            await asyncio.Event().wait()
        finally:
            for writer in writers:
                writer.transport.abort()

    async with beside.scene(tmp_path, address, cast, max_connections=150) as scene:
        effect = await beside.measure(scene, crowd)
        log = scene.server.log.read_text("utf-8")
    effect.check()
    assert log.count("too many connections") == 1


async def test_one_address_keeps_no_other_from_signing_in(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    """Before, one address with many connections kept seven of nine others out."""
    body = b'{"email": "%s@example.com", "password": "a wrong one that is long"}'

    def sign_in(forwarded: str, name: bytes) -> bytes:
        content = body % name
        head = (
            "POST /api/auth/sign-in HTTP/1.1\r\nHost: server\r\nConnection: close\r\n"
            f"X-Forwarded-For: {forwarded}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    async def attack(scene: Scene, number: int) -> None:
        for attempt in range(1_000_000):
            name = b"victim-%d-%d" % (number, attempt)
            # Every address of one IPv6 network.
            await beside.ask(scene.port, sign_in(f"2001:db8:0:1::{number:x}", name))

    async with beside.scene(tmp_path, address, cast) as scene:
        attacking = [asyncio.create_task(attack(scene, number)) for number in range(40)]
        await asyncio.sleep(0.3)
        victims = [
            beside.ask(scene.port, sign_in(f"198.51.100.{number}", b"person-%d" % number))
            for number in range(9)
        ]
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*victims)
        for task in attacking:
            task.cancel()
        await asyncio.gather(*attacking, return_exceptions=True)
    # Wrong, but tried: not turned away for what another address did.
    assert [answer.split()[1] for answer in answers] == [b"401"] * 9
