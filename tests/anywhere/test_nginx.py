"""Behind a real nginx: conditional requests, HEAD, cookies and addresses are right."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from flywheel_server.core import db, embedded
from tests import checking_in, programs, telemetry
from tests.anywhere import nginx
from tests.cast import Cast

pytestmark = nginx.needed

GZIP = {"Accept-Encoding": "gzip"}


def _given(address: embedded.Address, **more: object) -> dict[str, object]:
    return {"database_url": address.app_url, "loop": "false"} | more


@pytest.mark.parametrize("directives", [nginx.DEFAULTS, nginx.COMPRESSING], ids=["plain", "gzip"])
async def test_an_appliance_is_served_as_without_it(
    tmp_path: Path, address: embedded.Address, cast: Cast, directives: str
) -> None:
    async with (
        programs.serving(tmp_path, **_given(address)) as server,
        nginx.before(server, tmp_path, directives) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=cast.site.headers) as client,
    ):
        first = await client.get("/agent/sync", headers=GZIP)
        assert first.status_code == 200
        assert (first.headers.get("content-encoding") == "gzip") == bool(directives)
        etag = first.headers["etag"]
        strong = etag.removeprefix("W/")
        for given in (etag, f"W/{strong}", strong, f'{strong[:-1]}-gzip"'):
            again = await client.get("/agent/sync", headers=GZIP | {"If-None-Match": given})
            assert again.status_code == 304, given
        head = await client.head("/agent/sync", headers={"Accept-Encoding": "identity"})
        assert (head.status_code, head.content) == (200, b"")
        assert (await client.head("/sign-in")).status_code == 200

        await checking_in.check_in(client, cast.site, site_id=cast.site.slug)
        batch = json.dumps({"executions": [telemetry.execution() for _ in range(500)]}).encode()

        async def chunks() -> AsyncIterator[bytes]:
            for at in range(0, len(batch), 10_000):
                yield batch[at : at + 10_000]

        packed = {"Content-Encoding": "gzip"}
        sending: list[tuple[bytes | AsyncIterator[bytes], dict[str, str]]] = [
            (batch, {}),
            (gzip.compress(batch), packed),
            (chunks(), {}),
            (batch, {"Expect": "100-continue"}),
            (batch, {"Connection": "Upgrade", "Upgrade": "h2c"}),
        ]
        for content, headers in sending:
            sent = await client.post(
                "/api/agent/executions/batch", content=content, headers=headers
            )
            assert (sent.status_code, sent.json()["refused"]) == (200, 0)


async def test_the_cookie_is_secure_where_people_use_https_whatever_the_proxy_says(
    tmp_path: Path, address: embedded.Address, cast: Cast, database: db.Database
) -> None:
    given = _given(address, public_url="https://flywheel.example.com")
    assert cast
    assert database
    async with (
        programs.serving(tmp_path, **given) as server,
        nginx.before(server, tmp_path, nginx.DEFAULTS) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        person = cast.people["partner owner"]
        page = await client.get("/partner/learning", headers=person.cookie)
        assert page.status_code == 200
        assert page.headers["strict-transport-security"]
        assert page.headers["cache-control"] == "no-store"
        assert "plain HTTP" not in (await client.get("/sign-in")).text
        ended = await client.post("/api/auth/sign-out", headers=person.headers)
        cookie = ended.headers["set-cookie"]
        assert cookie.startswith("__Host-flywheel_session=")
        assert "secure" in cookie.lower()


@pytest.mark.parametrize("trusted", ["127.0.0.1", "192.0.2.1"], ids=["trusted", "unknown"])
async def test_one_strangers_wrong_passwords_lock_no_other_out(
    tmp_path: Path, address: embedded.Address, cast: Cast, trusted: str
) -> None:
    """Before, all who came through a proxy in a container shared the budget of one address."""
    assert cast
    given = _given(address, trusted_proxies=trusted)

    async def wrong(source: str, count: int, port: int) -> list[int]:
        transport = httpx.AsyncHTTPTransport(local_address=source)
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(transport=transport, base_url=url, timeout=60) as client:
            bodies = [
                {"email": f"{source}-{n}@example.com", "password": "wrong"} for n in range(count)
            ]
            asked = [client.post("/api/auth/sign-in", json=body) for body in bodies]
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    async with (
        programs.serving(tmp_path, **given) as server,
        nginx.before(server, tmp_path, nginx.FORWARDING) as port,
    ):
        assert 429 in await wrong("127.0.0.2", 40, port)
        assert await wrong("127.0.0.3", 2, port) == [401, 401]
        log = server.log.read_text("utf-8")
        assert log.count("FLYWHEEL_TRUSTED_PROXIES") == (trusted != "127.0.0.1")
        figures = await _figures(port)
        assert figures == (200 if trusted == "127.0.0.1" else 403)


async def _figures(port: int) -> int:
    """Return how figures are answered to who comes through the proxy."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        return (await client.get("/metrics")).status_code
