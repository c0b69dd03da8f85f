"""What somebody without a credential does, who has a few bytes and many connections."""

import asyncio
import gzip

from tests.attacks import beside
from tests.attacks.beside import Attack, Scene

_EXECUTIONS = b"POST /api/agent/executions/batch HTTP/1.1\r\nHost: server\r\n"
_UNKNOWN = b"Authorization: Bearer nobody\r\n"
_BOMB = gzip.compress(b'{"executions":[' + b"[" * 8_000_000)


async def endless_header(scene: Scene) -> None:
    """Before: others waited for 28 seconds."""
    head = b"GET /health HTTP/1.1\r\nHost: server\r\nX: "
    await asyncio.gather(*(beside.pour(scene.port, head, b"x" * 262_144) for _ in range(2)))


async def millions_of_headers(scene: Scene) -> None:
    """Before: 400 MiB."""
    head = b"GET /health HTTP/1.1\r\nHost: server\r\n"
    await asyncio.gather(*(beside.pour(scene.port, head, b"a:b\r\n" * 50_000) for _ in range(2)))


async def endless_trailer(scene: Scene) -> None:
    head = _EXECUTIONS + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: "
    await asyncio.gather(*(beside.pour(scene.port, head, b"x" * 262_144) for _ in range(2)))


async def bombs(scene: Scene) -> None:
    """Before: each was inflated and parsed, and held the event loop for 0.3 seconds."""
    size = b"Content-Encoding: gzip\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(_BOMB)

    async def one(credential: bytes) -> None:
        while True:
            answer = await beside.ask(scene.port, _EXECUTIONS + credential + size + _BOMB)
            assert b" 401 " in answer[:20] or b" 503 " in answer[:20]
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one(credential) for credential in (b"", _UNKNOWN) * 3))


async def slow_bodies(scene: Scene) -> None:
    """Before: what came of 8 MiB each was kept for as long as the connection lasted."""
    head = _EXECUTIONS + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"ea60\r\n" + b"x" * 60_000 + b"\r\n"
    await asyncio.gather(*(beside.pour(scene.port, head, chunk, 0.5) for _ in range(200)))


async def wrong_keys(scene: Scene) -> None:
    """Each key is another, so that memory knows none of them."""

    async def one(name: int) -> None:
        for number in range(1_000_000):
            key = f"Authorization: Bearer wrong-{name}-{number}\r\n".encode()
            head = b"GET /agent/sync HTTP/1.1\r\nHost: server\r\nConnection: close\r\n"
            await beside.ask(scene.port, head + key + b"\r\n")

    await asyncio.gather(*(one(name) for name in range(8)))


async def idle_connections(scene: Scene) -> None:
    """Before: 1,003 of them took every open file there was."""
    writers = []
    try:
        for _ in range(400):
            _, writer = await asyncio.open_connection("127.0.0.1", scene.port)
            writers.append(writer)
        await asyncio.Event().wait()
    finally:
        for writer in writers:
            writer.transport.abort()


ATTACKS: dict[str, Attack] = {
    "an endless header": endless_header,
    "millions of headers": millions_of_headers,
    "an endless trailer": endless_trailer,
    "compressed bodies": bombs,
    "slow bodies": slow_bodies,
    "wrong keys": wrong_keys,
}
