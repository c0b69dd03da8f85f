"""What every request passes, on an application without a database: nothing here needs one."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from fastapi import FastAPI
from starlette.types import Message

from flywheel_server.core.settings import Settings
from tests import bare_app


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return bare_app.make(settings)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
        yield opened


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
    status, found = await bare_app.call(
        app, [{"type": "http.request"}], headers, path="/who", client=(peer, 1)
    )
    assert (status, found) == (200, told)


@pytest.mark.parametrize("path", ["/things/a%00b", "/%00", "/health?a=%00", "/health?%00=1"])
async def test_a_nul_byte_in_the_address_is_refused(client: httpx.AsyncClient, path: str) -> None:
    bare_app.check_problem(await client.get(path), 400, "malformed")


@pytest.mark.parametrize("path", ["/things/%ED%A0%80", "/things/%FF", "/health?a=%ED%A0%80&b=%FF"])
async def test_broken_utf8_in_the_address_causes_no_failure(
    client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).status_code == 200


async def test_an_unknown_path_is_a_404_problem(client: httpx.AsyncClient) -> None:
    for method in ("GET", "POST", "DELETE", "PURGE"):
        bare_app.check_problem(await client.request(method, "/no/such/path"), 404, "not-found")


async def test_a_wrong_method_is_a_405_problem_that_names_the_right_ones(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/things/a")
    bare_app.check_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD"
    answer = await client.get("/echo")
    assert answer.headers["allow"] == "POST"


async def test_a_trailing_slash_is_another_path(client: httpx.AsyncClient) -> None:
    bare_app.check_problem(await client.get("/health/"), 404, "not-found")


async def test_an_unexpected_exception_is_logged_once_and_told_as_nothing(
    client: httpx.AsyncClient,
) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await client.get("/broken", headers={"X-Request-Id": "abc"})
    bare_app.check_problem(answer, 500, "unexpected")
    assert bare_app.SECRET not in answer.text
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
    bare_app.check_problem(
        httpx.Response(503, headers=answer.headers, json=answer.json() | {"detail": "-"}),
        503,
        "database-unavailable",
    )
    assert answer.headers["retry-after"]
    assert "no route" not in answer.text
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "request refused"
    ]


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
        await bare_app.call(app, end, method="BREW", path="/things/a")
        await bare_app.call(app, end, method="GET", path="/things/b")
        await bare_app.call(app, end, method="GET", path="/nowhere")
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
