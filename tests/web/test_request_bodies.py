"""Bodies of every size and encoding: of strangers, without a database, and of a known key."""

import gzip
import json
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from fastapi import Depends, FastAPI

from flywheel_server.app import create_app
from flywheel_server.core import embedded
from flywheel_server.core.settings import Settings
from flywheel_server.web import access, incoming, requests, traffic
from tests import bare_app
from tests.cast import Cast


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return bare_app.make(settings)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
        yield opened


@pytest.fixture
async def known(
    settings: Settings, address: embedded.Address, cast: Cast
) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to an application on a database with a key that it knows."""
    app = create_app(settings, address.app_url)
    app.add_api_route(
        "/echo",
        bare_app.echo,
        methods=["POST"],
        dependencies=[Depends(access.APPLIANCE), Depends(traffic.REPORTS)],
    )
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://server", headers=cast.site.headers
        ) as opened:
            yield opened


async def test_of_a_stranger_no_more_is_read_than_64_kib(client: httpx.AsyncClient) -> None:
    most = incoming.STRANGER_BYTES
    assert (await client.post("/echo", content=b"x" * most)).json() == {"bytes": most}
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 8_192
            yield b"x" * 8_192

    for content in (b"x" * (most + 1), chunks()):
        bare_app.check_problem(await client.post("/echo", content=content), 413, "too-large")
    assert sent <= most + 2 * 8_192


async def test_what_a_stranger_packed_is_not_inflated_beyond_64_kib(
    client: httpx.AsyncClient,
) -> None:
    for size, status in ((incoming.STRANGER_BYTES, 200), (incoming.STRANGER_BYTES + 1, 413)):
        answer = await client.post(
            "/echo",
            content=gzip.compress(b"x" * size),
            headers={"Content-Encoding": "gzip"},
        )
        assert answer.status_code == status


async def test_a_body_of_the_full_size_is_taken(known: httpx.AsyncClient) -> None:
    answer = await known.post("/echo", content=b"x" * bare_app.PLAIN)
    assert answer.json() == {"bytes": bare_app.PLAIN}


async def test_a_plain_body_over_the_limit_is_refused(known: httpx.AsyncClient) -> None:
    bare_app.check_problem(
        await known.post("/echo", content=b"x" * (bare_app.PLAIN + 1)), 413, "too-large"
    )


async def test_a_chunked_body_over_the_limit_is_refused_without_reading_it_all(
    known: httpx.AsyncClient,
) -> None:
    chunks = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal chunks
        while True:
            chunks += 1
            yield b"x" * 65_536

    bare_app.check_problem(await known.post("/echo", content=endless()), 413, "too-large")
    assert chunks <= bare_app.PLAIN // 65_536 + 2


@pytest.mark.parametrize("length", [str(bare_app.PLAIN + 1), "9" * 19, "9" * 5_000])
async def test_a_declared_length_over_the_limit_is_refused_before_the_body(
    app: FastAPI, length: str
) -> None:
    status, problem = await bare_app.call(app, [], [(b"content-length", length.encode())])
    assert (status, problem["type"]) == (413, "urn:flywheel:problem:too-large")


async def test_gzip_is_inflated(known: httpx.AsyncClient) -> None:
    for encoding in ("gzip", "GZIP", " gzip "):
        answer = await known.post(
            "/echo",
            content=gzip.compress(b"x" * bare_app.PLAIN),
            headers={"Content-Encoding": encoding},
        )
        assert answer.json() == {"bytes": bare_app.PLAIN}
    answer = await known.post("/echo", content=b"plain", headers={"Content-Encoding": "identity"})
    assert answer.json() == {"bytes": 5}


async def test_x_gzip_and_several_members_are_gzip(known: httpx.AsyncClient) -> None:
    members = gzip.compress(b"x" * 5) + gzip.compress(b"") + gzip.compress(b"y" * 7)
    for encoding in ("gzip", "x-gzip", "X-GZIP"):
        answer = await known.post("/echo", content=members, headers={"Content-Encoding": encoding})
        assert answer.json() == {"bytes": 12}
    many = gzip.compress(b"") * 300_000
    answer = await known.post("/echo", content=many, headers={"Content-Encoding": "gzip"})
    bare_app.check_problem(answer, 413, "too-large")


async def test_gzip_that_inflates_over_the_limit_is_refused(known: httpx.AsyncClient) -> None:
    for size in (bare_app.PLAIN + 1, 64 * bare_app.PLAIN):
        packer = zlib.compressobj(wbits=31)
        bomb = b"".join(
            packer.compress(b"\x00" * bare_app.PLAIN) for _ in range(size // bare_app.PLAIN)
        )
        bomb += packer.compress(b"\x00" * (size % bare_app.PLAIN)) + packer.flush()
        answer = await known.post("/echo", content=bomb, headers={"Content-Encoding": "gzip"})
        bare_app.check_problem(answer, 413, "too-large")


async def test_a_compressed_body_over_its_own_limit_is_refused(known: httpx.AsyncClient) -> None:
    answer = await known.post(
        "/echo", content=b"x" * (bare_app.GZIPPED + 1), headers={"Content-Encoding": "gzip"}
    )
    bare_app.check_problem(answer, 413, "too-large")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "\u00e9"])
async def test_another_encoding_is_refused(client: httpx.AsyncClient, encoding: str) -> None:
    answer = await client.post(
        "/echo", content=b"x", headers={b"Content-Encoding": encoding.encode()}
    )
    bare_app.check_problem(answer, 415, "unsupported-encoding")


WHOLE = gzip.compress(b'{"numbers": {}}' * 100)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain",
        WHOLE[:1],
        WHOLE[:20],
        WHOLE[:-1],
        WHOLE[:-8] + b"\x00" * 8,
        WHOLE + b"more",
        zlib.compress(b"zlib"),
    ],
    ids=range(8),
)
async def test_damaged_gzip_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/echo", content=content, headers={"Content-Encoding": "gzip"})
    bare_app.check_problem(answer, 400, "malformed")


@pytest.mark.parametrize(
    "content",
    [
        rb'{"numbers": {"\ud800": "x"}}',
        b'{"numbers": {"' + b"k" * 50_000 + b'": "x"}}',
        json.dumps({"numbers": {str(n): "x" for n in range(4_000)}}).encode(),
    ],
    ids=["surrogate", "long key", "many"],
)
async def test_keys_from_outside_do_not_break_or_bloat_the_problem(
    client: httpx.AsyncClient, content: bytes
) -> None:
    answer = await client.post(
        "/numbers", content=content, headers={"Content-Type": "application/json"}
    )
    bare_app.check_problem(answer, 422, "invalid-input")
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"numbers": {"a": "\xff"}}',
        b'{"numbers": ' + b"[" * 30_000,
        b'{"numbers": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"numbers": {"a": ' + b"9" * 10_000 + b"}}",
    ],
    ids=range(5),
)
async def test_json_that_cannot_be_read_is_a_400_problem(
    client: httpx.AsyncClient, content: bytes
) -> None:
    answer = await client.post(
        "/numbers", content=content, headers={"Content-Type": "application/json"}
    )
    bare_app.check_problem(answer, 400, "malformed")


async def test_a_client_that_leaves_before_its_body_ends_disturbs_nobody(app: FastAPI) -> None:
    part = {"type": "http.request", "body": b"x" * 10, "more_body": True}
    with structlog.testing.capture_logs() as logs:
        status, problem = await bare_app.call(app, [part, part, {"type": "http.disconnect"}])
        at_once = await bare_app.call(app, [{"type": "http.disconnect"}])
    assert (status, problem["type"]) == (400, "urn:flywheel:problem:malformed")
    assert at_once[0] == 400
    assert [entry for entry in logs if entry["log_level"] in {"warning", "error"}] == []


async def test_a_body_that_trickles_in_is_whole(app: FastAPI) -> None:
    parts = [
        {"type": "http.request", "body": b"x" if number % 2 else b"", "more_body": True}
        for number in range(2_000)
    ]
    status, answer = await bare_app.call(app, [*parts, {"type": "http.request"}])
    assert (status, answer) == (200, {"bytes": 1_000})


def test_the_limits_are_those_of_the_contract() -> None:
    assert (requests.MOST_BYTES, requests.MOST_GZIP_BYTES) == (bare_app.PLAIN, bare_app.GZIPPED)
