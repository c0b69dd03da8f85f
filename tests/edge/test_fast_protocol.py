"""Over a socket, what is answered without a task is answered as uvicorn and the routes would."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

from flywheel_server import serving
from flywheel_server.app import create_app
from flywheel_server.core import embedded
from flywheel_server.core.settings import Settings
from flywheel_server.edge import fast_path
from flywheel_server.edge.fast_path import FastPath
from tests.cast import Cast

END = b"GET /nowhere HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n"
# Fewer than a site may send at once, and more than Python would nest.
MANY = 1_500


@contextlib.asynccontextmanager
async def listening(config: uvicorn.Config) -> AsyncIterator[int]:
    """Serve in this event loop; yield the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def fast(settings: Settings, address: embedded.Address) -> AsyncIterator[int]:
    async with listening(serving.config(settings, address.app_url)) as port:
        yield port


@pytest.fixture
async def ordinary(settings: Settings, address: embedded.Address) -> AsyncIterator[int]:
    """Serve the same without anything of the fast path, and with uvicorn's own protocol."""
    app = create_app(settings, address.app_url, hot=False)
    config = uvicorn.Config(
        app, http="httptools", ws="none", access_log=False, log_config=None, server_header=False
    )
    async with listening(config) as port:
        yield port


async def talk(port: int, sent: bytes) -> bytes:
    """Send all at once; return what comes until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(60):
        received = await reader.read()
    await ended(writer)
    return received


def asking(key: str, *lines: str, start: str = f"GET {fast_path.SYNC} HTTP/1.1") -> bytes:
    head = [start, "Host: server", f"Authorization: Bearer {key}", *lines]
    return "\r\n".join([*head, "", ""]).encode()


def parsed(received: bytes) -> list[tuple[bytes, frozenset[bytes], bytes]]:
    """Return status, headers and body of each answer, without time and made-up ids."""
    answers = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        status, *headers = re.sub(rb"[0-9a-f]{32}\b", b"(made)", head).split(b"\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        size = int(length[1]) if length else 0
        kept = frozenset(line for line in headers if not line.lower().startswith(b"date:"))
        answers.append((status, kept, received[:size]))
        received = received[size:]
    return answers


async def warm(port: int, key: str) -> str:
    """Let the process learn the key and its rule set; return the set's tag."""
    first = await talk(port, asking(key, "Connection: close"))
    found = re.search(rb'(?i)etag: ("\w+")', first)
    assert found, first
    return found[1].decode()


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("If-None-Match: TAG",),
        ("if-NONE-match:   W/TAG, x",),
        ("If-None-Match: *",),
        ("X-Request-Id: mine-1", "If-None-Match: TAG"),
        ("X-Request-Id: a\u00e9b",),
        ("Content-Length: 0",),
        ("Cookie: flywheel_session=x",),
        ("Authorization: Bearer another",),
        ("Connection: close", "If-None-Match: TAG"),
        ("Connection: keep-alive", "If-None-Match: TAG"),
        ("X-Forwarded-For: 192.0.2.9", "X-Forwarded-Proto: https"),
    ],
    ids=str,
)
async def test_one_request_is_answered_in_the_same_way_by_both(
    fast: int, ordinary: int, cast: Cast, lines: tuple[str, ...]
) -> None:
    key = cast.site.key
    tag = await warm(fast, key)
    assert await warm(ordinary, key) == tag
    sent = asking(key, *(line.replace("TAG", tag) for line in lines)) + END
    assert parsed(await talk(fast, sent)) == parsed(await talk(ordinary, sent))


@pytest.mark.parametrize(
    "start",
    [
        f"GET {fast_path.SYNC} HTTP/1.0",
        f"GET {fast_path.SYNC}?site_id=another HTTP/1.1",
        "GET /agent/%73ync HTTP/1.1",
        f"GET http://server{fast_path.SYNC} HTTP/1.1",
        f"POST {fast_path.SYNC} HTTP/1.1",
        f"GET  {fast_path.SYNC} HTTP/1.1",
    ],
)
async def test_other_ways_to_ask_are_answered_in_the_same_way_by_both(
    fast: int, ordinary: int, cast: Cast, start: str
) -> None:
    for port in (fast, ordinary):
        await warm(port, cast.site.key)
    sent = asking(cast.site.key, start=start) + END
    assert parsed(await talk(fast, sent)) == parsed(await talk(ordinary, sent))


async def test_bodies_where_none_belongs_are_read_past(
    fast: int, ordinary: int, cast: Cast
) -> None:
    known = asking(cast.site.key)
    chunked = asking(cast.site.key, "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n"
    plain = asking(cast.site.key, "Content-Length: 3") + b"abc"
    for port in (fast, ordinary):
        await warm(port, cast.site.key)
    sent = known + chunked + known + plain + known + END
    answers = parsed(await talk(fast, sent))
    assert answers == parsed(await talk(ordinary, sent))
    assert [status.split()[1] for status, _, _ in answers] == [b"200"] * 5 + [b"404"]


async def test_a_connection_full_of_requests_is_answered_in_their_order(
    fast: int, cast: Cast
) -> None:
    """Broken on purpose by answering while others wait: the answers nest until Python refuses."""
    tag = await warm(fast, cast.site.key)
    # The first takes a while, so that all others wait behind it.
    sent = asking(cast.site.key, start="GET /ready HTTP/1.1") + b"".join(
        asking(cast.site.key, f"If-None-Match: {tag}", f"X-Request-Id: {number}")
        for number in range(MANY)
    )
    answers = parsed(await talk(fast, sent + END))
    assert [status.split()[1] for status, _, _ in answers[1:-1]] == [b"304"] * MANY
    for number, (_, headers, _) in enumerate(answers[1:-1]):
        assert b"x-request-id: %d" % number in headers


async def test_what_is_known_needs_no_task(
    fast: int, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = await warm(fast, cast.site.key)

    async def broken(*_: object) -> None:
        raise AssertionError("the application was called")

    with monkeypatch.context() as patch:
        patch.setattr(FastPath, "__call__", broken)
        sent = asking(cast.site.key) + asking(cast.site.key, f"If-None-Match: {tag}") + END
        statuses = [status.split()[1] for status, _, _ in parsed(await talk(fast, sent))]
    assert statuses == [b"200", b"304", b"500"]


async def test_a_client_that_reads_late_gets_every_answer_whole(fast: int, cast: Cast) -> None:
    """The answers are far more than the connection holds, so the server waits in between."""
    await warm(fast, cast.site.key)
    count = MANY // 3
    reader, writer = await asyncio.open_connection("127.0.0.1", fast, limit=1)
    writer.write(asking(cast.site.key) * count + END)
    async with asyncio.timeout(60):
        await writer.drain()
        received = await reader.read()
    answers = parsed(received)
    assert len({(status, body) for status, _, body in answers[:count]}) == 1
    assert len(answers) == count + 1
    await ended(writer)


async def ended(writer: asyncio.StreamWriter) -> None:
    """Close a connection; the server may have been the first."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
