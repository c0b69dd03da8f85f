"""Where people reach the server, whom it believes, and who may read its figures."""

import httpx
import pytest
import structlog

from flywheel_server.core.settings import Settings
from tests import bare_app
from tests.cast import Cast

END = [{"type": "http.request"}]
FORWARDED = [(b"x-forwarded-for", b"192.0.2.9"), (b"x-forwarded-proto", b"https")]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0"])
def test_a_link_names_no_address_that_nobody_can_open(host: str) -> None:
    assert Settings(host=host, port=8000).reached_at == "http://localhost:8000"


@pytest.mark.parametrize(
    ("trusted", "peer", "told"),
    [
        ("10.0.0.0/8", "10.1.2.3", "192.0.2.9"),
        ("10.1.2.3, ::1", "10.1.2.3", "192.0.2.9"),
        ("2001:db8::/32", "2001:db8::7", "192.0.2.9"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
    ],
)
async def test_addresses_are_believed_of_trusted_proxies_alone(
    trusted: str, peer: str, told: str
) -> None:
    app = bare_app.make(Settings(loop=False, trusted_proxies=trusted))
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            _, found = await bare_app.call(app, END, FORWARDED, path="/who", client=(peer, 1))
    assert found["host"] == told
    warned = [line for line in logs if "FLYWHEEL_TRUSTED_PROXIES" in line["event"]]
    assert [line["peer"] for line in warned] == ([peer] if told == peer else [])


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "proxy.example.com", "10.0.0.300", "*"])
def test_what_is_no_network_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(trusted_proxies=wrong)


TOKEN = "a token of figures"


@pytest.mark.parametrize(
    ("given", "peer", "headers", "status"),
    [
        ({}, "127.0.0.1", [], 200),
        ({}, "192.168.1.5", [], 200),
        ({}, "fd00::5", [], 200),
        ({}, "198.51.100.7", [], 403),
        ({}, "10.0.0.2", [(b"x-forwarded-for", b"10.0.0.9")], 403),
        ({}, "127.0.0.1", [(b"x-forwarded-for", b"198.51.100.7")], 403),
        ({"metrics_token": TOKEN}, "127.0.0.1", [], 403),
        ({"metrics_token": TOKEN}, "198.51.100.7", [(b"authorization", b"Bearer wrong")], 403),
        (
            {"metrics_token": TOKEN},
            "198.51.100.7",
            [(b"authorization", f"Bearer {TOKEN}".encode())],
            200,
        ),
        ({"metrics_from": "198.51.100.0/24"}, "198.51.100.7", [], 200),
        ({"metrics_from": "198.51.100.0/24"}, "127.0.0.1", [], 403),
        ({"metrics_from": "198.51.100.0/24", "metrics_token": TOKEN}, "198.51.100.7", [], 200),
    ],
)
async def test_figures_are_for_who_is_near_or_has_the_token(
    given: dict[str, str], peer: str, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    app = bare_app.make(Settings(loop=False, **given))  # type: ignore[arg-type]
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            assert (await client.get("/metrics", headers=headers)).status_code == status


async def test_a_key_that_is_shown_once_and_a_session_are_kept_by_no_cache(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    made = await client.post(
        f"/api/admin/sites/{cast.site.id}/keys", json={}, headers=cast.admin.headers
    )
    assert made.status_code == 201, made.text
    asked = await client.get("/api/auth/session", headers=cast.session("partner owner"))
    for answer in (made, asked):
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers


async def test_a_page_over_plain_http_from_afar_says_why_signing_in_does_nothing(
    client: httpx.AsyncClient,
) -> None:
    assert "plain HTTP" in (await client.get("http://flywheel.example.com/sign-in")).text
    for url in ("https://flywheel.example.com/sign-in", "http://localhost/sign-in"):
        assert "plain HTTP" not in (await client.get(url)).text


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/sign-in", "/agent/sync"])
async def test_head_is_answered_as_get_is(client: httpx.AsyncClient, cast: Cast, path: str) -> None:
    for _ in range(2):
        # The second time the fast path could answer.
        whole = await client.get(path, headers=cast.site.headers)
        head = await client.head(path, headers=cast.site.headers)
        assert (head.status_code, head.content) == (200, b"")
        made = {"x-request-id"}
        assert {k: v for k, v in head.headers.items() if k not in made} == {
            k: v for k, v in whole.headers.items() if k not in made
        }


async def test_who_is_not_ready_says_so_in_a_problem_document(settings: Settings) -> None:
    app = bare_app.make(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            answer = await client.get("/ready")
    bare_app.check_problem(answer, 503, "unavailable")
    assert answer.json()["database"] is False
