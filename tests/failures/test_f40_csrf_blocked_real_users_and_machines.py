"""CSRF is decided in one place, by the kind of credential: a cookie needs its token, a key none.

Broken on purpose: without ``_prove_intent`` in web/credentials.py a cookie alone changes things;
with it before the keys are looked at, machines are blocked.
"""

import httpx
import pytest

from tests.cast import Cast

KEYS = "/api/partners/me/keys"
FORGED = "urn:flywheel:problem:not-from-our-pages"
OWNER = "partner owner"


async def _issue(
    client: httpx.AsyncClient, headers: dict[str, str], **request: object
) -> httpx.Response:
    body = request or {"json": {"label": "tickets"}}
    return await client.post(KEYS, headers=headers, **body)  # type: ignore[arg-type]


async def test_f40_a_cookie_alone_changes_nothing_and_is_told_what_is_missing(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    answer = await _issue(client, cast.people[OWNER].cookie)
    assert answer.status_code == 403
    assert answer.json()["type"] == FORGED
    assert "X-Csrf-Token" in answer.json()["detail"]
    listed = await client.get(KEYS, headers=cast.people[OWNER].cookie)
    assert [key["label"] for key in listed.json()["items"]] == ["a key of the cast"]


async def test_f40_a_cookie_alone_may_look(client: httpx.AsyncClient, cast: Cast) -> None:
    answer = await client.get(KEYS, headers=cast.people[OWNER].cookie)
    assert answer.status_code == 200


async def test_f40_a_page_with_its_sessions_token_is_served(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    asked = await client.get("/api/auth/session", headers=cast.people[OWNER].cookie)
    headers = cast.people[OWNER].cookie | {"X-CSRF-Token": asked.json()["csrf_token"]}
    assert (await _issue(client, headers)).status_code == 201


async def test_f40_another_sessions_token_is_none(client: httpx.AsyncClient, cast: Cast) -> None:
    others = cast.session("partner technician")["X-CSRF-Token"]
    answer = await _issue(client, cast.people[OWNER].cookie | {"X-CSRF-Token": others})
    assert answer.json()["type"] == FORGED


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://server"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": "http://server"}, 201),
        ({"Origin": "null"}, 201),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://other.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
async def test_f40_what_the_browser_says_of_the_page_is_a_second_belt(
    client: httpx.AsyncClient, cast: Cast, said: dict[str, str], status: int
) -> None:
    answer = await _issue(client, cast.session(OWNER) | said)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-origin"])
async def test_f40_a_machine_is_never_asked_for_a_sessions_token(
    client: httpx.AsyncClient, cast: Cast, site: str
) -> None:
    headers = cast.admin.headers | {"Sec-Fetch-Site": site, "Origin": "https://tool.example"}
    answer = await client.post("/api/admin/partners", headers=headers, json={"name": "East IT"})
    assert answer.status_code == 201, answer.text


async def test_f40_nobody_is_signed_in_from_a_page_of_another_site(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    assert cast
    body = {"email": "north-owner@partner.example.com", "password": "whatever it may be"}
    answer = await client.post(
        "/api/auth/sign-in", json=body, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.json()["type"] == FORGED
