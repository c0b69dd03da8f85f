"""What every request passes, on an application without a database: nothing here needs one."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.types import Message

from flywheel_server import errors
from flywheel_server.api import requests
from flywheel_server.api.access import PUBLIC
from flywheel_server.app import create_app
from flywheel_server.settings import Settings

PLAIN = 8 * 1024 * 1024
GZIPPED = 1024 * 1024
SECRET = "password of 10.1.2.3"


class Numbers(BaseModel):
    numbers: dict[str, int]


async def echo(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


async def numbers(body: Numbers) -> dict[str, int]:
    return body.numbers


async def one(name: str) -> dict[str, str]:
    return {"name": name}


async def broken() -> None:
    raise RuntimeError(SECRET)


async def lost() -> None:
    raise errors.DatabaseUnavailable from ConnectionError("no route")


async def who(request: Request) -> dict[str, str]:
    return {"host": request.client.host if request.client else "", "scheme": request.url.scheme}


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    app = create_app(settings, "postgresql://nobody@127.0.0.1:1/none")
    for path, function, methods in (
        ("/echo", echo, ["POST"]),
        ("/numbers", numbers, ["POST"]),
        ("/things/{name}", one, ["GET"]),
        ("/things/{name}", one, ["DELETE"]),
        ("/broken", broken, ["GET"]),
        ("/lost", lost, ["GET"]),
        ("/who", who, ["POST"]),
    ):
        app.add_api_route(path, function, methods=methods, dependencies=PUBLIC)
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
        yield opened


def check_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:flywheel:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


async def call(
    app: FastAPI,
    messages: Iterable[Message],
    headers: Iterable[tuple[bytes, bytes]] = (),
    **scope: Any,
) -> tuple[int, dict[str, Any]]:
    """Send raw ASGI messages; return the status and the answer."""
    waiting, sent = list(messages), []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    whole = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/echo",
        "raw_path": b"/echo",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": list(headers),
        "server": ("server", 80),
        "client": ("client", 1),
    }
    await app(whole | scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(body)


async def test_a_request_id_is_echoed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health", headers={"X-Request-Id": "Trace-1.a_B"})
    assert answer.headers["x-request-id"] == "Trace-1.a_B"
    refused = await client.get("/nowhere", headers={"X-Request-Id": "abc"})
    assert refused.headers["x-request-id"] == "abc"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "é", '"}', "a/b"])
async def test_an_unfit_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/health", headers={b"X-Request-Id": given.encode()})
    made = answer.headers["x-request-id"]
    assert made != given
    assert len(made) == 32
    other = await client.get("/health")
    assert other.headers["x-request-id"] != made


@pytest.mark.parametrize(
    ("peer", "told"),
    [
        ("127.0.0.1", {"host": "192.0.2.9", "scheme": "https"}),
        ("192.0.2.1", {"host": "192.0.2.1", "scheme": "http"}),
    ],
)
async def test_only_a_trusted_proxy_says_for_whom_it_asks(
    app: FastAPI, peer: str, told: dict[str, str]
) -> None:
    headers = [(b"x-forwarded-for", b"192.0.2.9"), (b"x-forwarded-proto", b"https")]
    status, found = await call(
        app, [{"type": "http.request"}], headers, path="/who", client=(peer, 1)
    )
    assert (status, found) == (200, told)


async def test_a_body_of_the_full_size_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", content=b"x" * PLAIN)
    assert answer.json() == {"bytes": PLAIN}


async def test_a_plain_body_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    check_problem(await client.post("/echo", content=b"x" * (PLAIN + 1)), 413, "too-large")


async def test_a_chunked_body_over_the_limit_is_refused_without_reading_it_all(
    client: httpx.AsyncClient,
) -> None:
    chunks = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal chunks
        while True:
            chunks += 1
            yield b"x" * 65_536

    check_problem(await client.post("/echo", content=endless()), 413, "too-large")
    assert chunks <= PLAIN // 65_536 + 2


@pytest.mark.parametrize("length", [str(PLAIN + 1), "9" * 19, "9" * 5_000])
async def test_a_declared_length_over_the_limit_is_refused_before_the_body(
    app: FastAPI, length: str
) -> None:
    status, problem = await call(app, [], [(b"content-length", length.encode())])
    assert (status, problem["type"]) == (413, "urn:flywheel:problem:too-large")


async def test_gzip_is_inflated(client: httpx.AsyncClient) -> None:
    for encoding in ("gzip", "GZIP", " gzip "):
        answer = await client.post(
            "/echo",
            content=gzip.compress(b"x" * PLAIN),
            headers={"Content-Encoding": encoding},
        )
        assert answer.json() == {"bytes": PLAIN}
    answer = await client.post("/echo", content=b"plain", headers={"Content-Encoding": "identity"})
    assert answer.json() == {"bytes": 5}


async def test_gzip_that_inflates_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    for size in (PLAIN + 1, 64 * PLAIN):
        packer = zlib.compressobj(wbits=31)
        bomb = b"".join(packer.compress(b"\x00" * PLAIN) for _ in range(size // PLAIN))
        bomb += packer.compress(b"\x00" * (size % PLAIN)) + packer.flush()
        answer = await client.post("/echo", content=bomb, headers={"Content-Encoding": "gzip"})
        check_problem(answer, 413, "too-large")


async def test_a_compressed_body_over_its_own_limit_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/echo", content=b"x" * (GZIPPED + 1), headers={"Content-Encoding": "gzip"}
    )
    check_problem(answer, 413, "too-large")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "\u00e9"])
async def test_another_encoding_is_refused(client: httpx.AsyncClient, encoding: str) -> None:
    answer = await client.post(
        "/echo", content=b"x", headers={b"Content-Encoding": encoding.encode()}
    )
    check_problem(answer, 415, "unsupported-encoding")


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
        WHOLE + WHOLE,
        zlib.compress(b"zlib"),
    ],
    ids=range(9),
)
async def test_damaged_gzip_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/echo", content=content, headers={"Content-Encoding": "gzip"})
    check_problem(answer, 400, "malformed")


@pytest.mark.parametrize("path", ["/things/a%00b", "/%00", "/health?a=%00", "/health?%00=1"])
async def test_a_nul_byte_in_the_address_is_refused(client: httpx.AsyncClient, path: str) -> None:
    check_problem(await client.get(path), 400, "malformed")


@pytest.mark.parametrize("path", ["/things/%ED%A0%80", "/things/%FF", "/health?a=%ED%A0%80&b=%FF"])
async def test_broken_utf8_in_the_address_causes_no_failure(
    client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).status_code == 200


async def test_an_unknown_path_is_a_404_problem(client: httpx.AsyncClient) -> None:
    for method in ("GET", "POST", "DELETE", "PURGE"):
        check_problem(await client.request(method, "/no/such/path"), 404, "not-found")


async def test_a_wrong_method_is_a_405_problem_that_names_the_right_ones(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/things/a")
    check_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET"
    answer = await client.get("/echo")
    assert answer.headers["allow"] == "POST"


async def test_a_trailing_slash_is_another_path(client: httpx.AsyncClient) -> None:
    check_problem(await client.get("/health/"), 404, "not-found")


async def test_an_unexpected_exception_is_logged_once_and_told_as_nothing(
    client: httpx.AsyncClient,
) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await client.get("/broken", headers={"X-Request-Id": "abc"})
    check_problem(answer, 500, "unexpected")
    assert SECRET not in answer.text
    assert "RuntimeError" not in answer.text
    assert "abc" in answer.json()["detail"]
    assert answer.headers["x-request-id"] == "abc"
    (entry,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert (entry["event"], entry["kind"], entry["path"]) == (
        "request failed",
        "RuntimeError",
        "/broken",
    )
    assert entry["exc_info"]


async def test_a_lost_database_is_told_as_503_and_logged_once(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await client.get("/lost")
    check_problem(
        httpx.Response(503, headers=answer.headers, json=answer.json() | {"detail": "-"}),
        503,
        "database-unavailable",
    )
    assert answer.headers["retry-after"]
    assert "no route" not in answer.text
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "request refused"
    ]


@pytest.mark.parametrize(
    "content",
    [
        rb'{"numbers": {"\ud800": "x"}}',
        b'{"numbers": {"' + b"k" * 100_000 + b'": "x"}}',
        json.dumps({"numbers": {str(n): "x" for n in range(10_000)}}).encode(),
    ],
    ids=["surrogate", "long key", "many"],
)
async def test_keys_from_outside_do_not_break_or_bloat_the_problem(
    client: httpx.AsyncClient, content: bytes
) -> None:
    answer = await client.post(
        "/numbers", content=content, headers={"Content-Type": "application/json"}
    )
    check_problem(answer, 422, "invalid-input")
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"numbers": {"a": "\xff"}}',
        b'{"numbers": ' + b"[" * 100_000,
        b'{"numbers": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
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
    check_problem(answer, 400, "malformed")


async def test_a_client_that_leaves_before_its_body_ends_disturbs_nobody(app: FastAPI) -> None:
    part = {"type": "http.request", "body": b"x" * 10, "more_body": True}
    with structlog.testing.capture_logs() as logs:
        status, problem = await call(app, [part, part, {"type": "http.disconnect"}])
        at_once = await call(app, [{"type": "http.disconnect"}])
    assert (status, problem["type"]) == (400, "urn:flywheel:problem:malformed")
    assert at_once[0] == 400
    assert [entry for entry in logs if entry["log_level"] in {"warning", "error"}] == []


async def test_a_body_that_trickles_in_is_whole(app: FastAPI) -> None:
    parts = [
        {"type": "http.request", "body": b"x" if number % 2 else b"", "more_body": True}
        for number in range(2_000)
    ]
    status, answer = await call(app, [*parts, {"type": "http.request"}])
    assert (status, answer) == (200, {"bytes": 1_000})


async def test_a_cancelled_request_ends_without_an_error(app: FastAPI) -> None:
    waiting = asyncio.Event()

    async def receive() -> Message:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/echo",
        "query_string": b"",
        "headers": [],
    }
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(app(scope, receive, send))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def test_figures_are_labelled_by_route_and_known_method_only(app: FastAPI) -> None:
    async with app.router.lifespan_context(app):
        end: list[Message] = [{"type": "http.request"}]
        await call(app, end, method="BREW", path="/things/a")
        await call(app, end, method="GET", path="/things/b")
        await call(app, end, method="GET", path="/nowhere")
        figures = {
            tuple(sample.labels.values())
            for metric in app.state.runtime.metrics.answers.collect()
            for sample in metric.samples
            if sample.name == "flywheel_http_requests_total"
        }
    assert figures == {
        ("(other)", "/things/{name}", "405"),
        ("GET", "/things/{name}", "200"),
        ("GET", "(none)", "404"),
    }


def test_the_limits_are_those_of_the_contract() -> None:
    assert (requests.MOST_BYTES, requests.MOST_GZIP_BYTES) == (PLAIN, GZIPPED)
