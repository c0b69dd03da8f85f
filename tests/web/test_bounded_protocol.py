"""Over a socket: what a request's head may be, how long things may take, and what is refused."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
import structlog
import uvicorn

from flywheel_server import serving
from flywheel_server.core.settings import Settings
from flywheel_server.web import bounded_protocol, connections
from tests import bare_app
from tests.edge.test_fast_protocol import ended, listening

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
HOST = b"Host: server\r\n"
END = b"GET /health HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n"


def configured(settings: Settings) -> uvicorn.Config:
    config = serving.config(settings, NOWHERE)
    config.app = bare_app.make(settings).entrance
    return config


@pytest.fixture
async def port(settings: Settings) -> AsyncIterator[int]:
    async with listening(configured(settings)) as opened:
        yield opened


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(30):
            yield reader, writer
    finally:
        await ended(writer)


async def talk(port: int, *pieces: bytes) -> bytes:
    """Send pieces one after the other; return what comes until the server closes."""
    async with connected(port) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await reader.read()


def answers(received: bytes) -> list[tuple[int, bytes]]:
    """Return status and body of each answer."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ]
        size = lengths[0] if lengths else 0
        found.append((int(head.split()[1]), rest[:size]))
        received = rest[size:]
    return found


def problem(received: bytes) -> str:
    """Return status and code of the only answer, which is a problem document."""
    ((status, body),) = answers(received)
    assert b"content-type: application/problem+json" in received
    document = json.loads(body)
    assert document["status"] == status
    assert document["detail"]
    return f"{status} {document['type'].removeprefix('urn:flywheel:problem:')}"


LONG = b"x" * 40_000


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /health HTTP/1.1\r\n" + HOST + b"A: " + LONG + b"\r\n\r\n"],
        [b"GET /health HTTP/1.1\r\n" + HOST, b"A: ", LONG, LONG, b"\r\n\r\n"],
        [b"GET /" + LONG + b" HTTP/1.1\r\n" + HOST + b"\r\n"],
        [b"GET /health HTTP/1.1\r\n" + HOST, b"A: b\r\n" * 101 + b"\r\n"],
        [b"GET /health HTTP/1.1\r\n" + HOST, b"A: b\r\n" * 200_000],
        [b"GET /health HTTP/1.1\r\n" + HOST + b"A: ", b"x" * 5_000_000],
        [b"\r\n" * 40_000],
    ],
    ids=["header", "pieces", "address", "101 headers", "200,000 headers", "endless", "blanks"],
)
async def test_a_head_beyond_its_bounds_is_refused(port: int, pieces: list[bytes]) -> None:
    assert problem(await talk(port, *pieces)) == "431 head-too-large"


async def test_a_head_within_its_bounds_is_read_however_it_comes(port: int) -> None:
    most = bounded_protocol.MOST_HEAD_BYTES
    head = b"GET /health HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 97 + b"A: "
    long = head + b"x" * (most - len(head) - 10) + b"\r\n\r\n"
    sent = long * 3 + END
    assert [status for status, _ in answers(await talk(port, sent))] == [200] * 4
    pieces = [sent[at : at + 1_000] for at in range(0, len(sent), 1_000)]
    assert [status for status, _ in answers(await talk(port, *pieces))] == [200] * 4


async def test_bodies_and_the_heads_behind_them_are_no_part_of_a_head(port: int) -> None:
    post = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 60000\r\n\r\n" + b"x" * 60_000
    found = answers(await talk(port, post * 5 + END))
    assert [status for status, _ in found] == [200] * 6
    assert found[0][1] == b'{"bytes":60000}'


@pytest.mark.parametrize(
    "tail",
    [b"A: b\r\n" * 50_000, b"A: " + b"x" * 3_000_000, b"1;" + b"x" * 3_000_000],
    ids=["trailers", "trailer", "extension"],
)
async def test_what_follows_a_chunked_body_is_bounded(port: int, tail: bytes) -> None:
    """Before, the parser copied an endless trailer again with each piece of it."""
    start = b"" if tail.startswith(b"1;") else b"0\r\n"
    head = b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    with contextlib.suppress(ConnectionError):
        assert b" 200 " not in await talk(port, head + b"1\r\nx\r\n" + start, tail)
    assert answers(await talk(port, END))[0][0] == 200


async def test_trailers_are_not_taken_for_headers(port: int) -> None:
    head = b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    trailers = b"1\r\nx\r\n0\r\nX-Request-Id: mine\r\n\r\n"
    received = await talk(port, head + trailers + END)
    assert [status for status, _ in answers(received)] == [200, 200]
    assert b"mine" not in received


async def test_a_head_that_does_not_end_is_told_so_and_a_silent_connection_is_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_protocol, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connections, "_EVERY", 0.05)
    assert problem(await talk(port, b"GET /health HTTP/1.1\r\nHo")) == "408 too-slow"
    assert await talk(port) == b""
    async with connected(port) as (reader, writer):
        writer.write(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"}")
        writer.write(b"GET /hea")
        assert b" 408 " in await reader.read()


async def test_a_body_that_is_not_wanted_does_not_keep_its_connection(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_protocol, "_REST_SECONDS", 0.2)
    monkeypatch.setattr(connections, "_EVERY", 0.05)
    post = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5000000\r\n\r\n"
    ((status, _),) = answers(await talk(port, post))
    assert status == 413


async def test_more_connections_than_the_limit_make_the_idlest_of_the_most_go(
    settings: Settings,
) -> None:
    few = settings.model_copy(update={"max_connections": 100})
    with structlog.testing.capture_logs() as logs:
        async with contextlib.AsyncExitStack() as stack, listening(configured(few)) as port:
            idle = [await stack.enter_async_context(connected(port)) for _ in range(300)]
            for _ in range(20):
                assert answers(await talk(port, END))[0][0] == 200
            assert await idle[0][0].read() == b""
    lines = [line for line in logs if line["event"].startswith("too many connections")]
    assert len(lines) == 1
    assert (lines[0]["limit"], lines[0]["address"]) == (100, "127.0.0.1")


@pytest.mark.parametrize(
    "upgrade",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        b"Upgrade: h2c\r\nConnection: upgrade\r\n",
        b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n",
        b"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
    ],
    ids=["h2c", "lower", "websocket", "tls"],
)
@pytest.mark.parametrize("parts", [1, 3])
async def test_a_request_that_would_upgrade_keeps_its_body(
    port: int, upgrade: bytes, parts: int
) -> None:
    """The parser hands the body of such a request to a protocol that is not there."""
    plain = b"POST /echo HTTP/1.1\r\n" + HOST + upgrade + b"Content-Length: 5\r\n\r\nhello"
    chunked = (
        b"POST /echo HTTP/1.1\r\n" + HOST + upgrade + b"Transfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n0\r\n\r\n"
    )
    sent = plain + chunked + plain + END
    step = len(sent) // parts + 1
    found = answers(await talk(port, *(sent[at : at + step] for at in range(0, len(sent), step))))
    assert [body for _, body in found[:3]] == [b'{"bytes":5}'] * 3
    assert found[3][0] == 200


@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        b"Host: a\r\nHost: a\r\n",
        b"Host:\r\n",
        b"Host: a b\r\n",
        b"Host: a/b\r\n",
        b"Host: a@b\r\n",
        b"Host: a, b\r\n",
        b"Host: a:b\r\n",
    ],
    ids=str,
)
async def test_a_request_without_exactly_one_valid_host_is_refused(port: int, hosts: bytes) -> None:
    sent = b"GET /health HTTP/1.1\r\n" + hosts + b"\r\n"
    assert problem(await talk(port, sent)) == "400 malformed"


@pytest.mark.parametrize("host", ["server", "server:8000", "192.0.2.1:80", "[2001:db8::1]:8000"])
async def test_a_valid_host_is_taken(port: int, host: str) -> None:
    sent = END.replace(b"server", host.encode())
    assert answers(await talk(port, sent))[0][0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"\x16\x03\x01",
        b"GET\r\n\r\n",
    ],
    ids=["connect", "tls", "short"],
)
async def test_what_is_no_request_of_ours_is_a_problem(port: int, sent: bytes) -> None:
    assert problem(await talk(port, sent)) == "400 malformed"


async def test_head_is_answered_as_get_without_the_body(port: int) -> None:
    head = b"HEAD /health HTTP/1.1\r\n" + HOST + b"\r\n"
    received = await talk(port, head + END)
    first, _, second = received.partition(b"\r\n\r\n")
    assert b" 200 " in first
    assert b"content-length: 15" in first
    assert answers(second)[0] == (200, b'{"status":"ok"}')
