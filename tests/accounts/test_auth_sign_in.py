"""Signing in: by password, by link, by invitation; the same answer whether the account exists."""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.accounts.actions import people
from flywheel_server.accounts.store import sessions
from flywheel_server.core import clock, db, people as rules
from flywheel_server.core.scope import AuthScope
from tests.cast import STAGE, Cast

OWNER = "north-owner@partner.example.com"
PASSWORD = "nine words make a better password than one"
OTHER = "another long sentence of quite different words"
COOKIE = "__Host-flywheel_session"


async def _invitation(database: db.Database, cast: Cast) -> str:
    async with db.transaction(database, STAGE) as connection:
        link = await people.make_link(
            connection, STAGE, cast.people["partner owner"].id, "invitation", clock.now()
        )
    return link.token


async def _accept(
    client: httpx.AsyncClient, token: str, password: str = PASSWORD
) -> httpx.Response:
    return await client.post(
        "/api/auth/accept-invitation", json={"token": token, "password": password}
    )


async def _sign_in(
    client: httpx.AsyncClient, email: str = OWNER, password: str = PASSWORD
) -> httpx.Response:
    return await client.post("/api/auth/sign-in", json={"email": email, "password": password})


def _headers(answer: httpx.Response) -> dict[str, str]:
    token = answer.headers["set-cookie"].partition(";")[0]
    return {"Cookie": token, "X-CSRF-Token": answer.json()["csrf_token"]}


@pytest.fixture
async def owner(client: httpx.AsyncClient, database: db.Database, cast: Cast) -> httpx.Response:
    """Set the owner's password by an invitation."""
    answer = await _accept(client, await _invitation(database, cast))
    assert answer.status_code == 200, answer.text
    client.cookies.clear()
    return answer


async def test_an_invitation_sets_a_password_and_opens_a_session(
    client: httpx.AsyncClient, cast: Cast, owner: httpx.Response
) -> None:
    asked = await client.get("/api/auth/session", headers=_headers(owner))
    assert asked.json() == owner.json()
    assert asked.json()["role"] == "partner owner"
    assert asked.json()["partner_id"] == str(cast.partners[0].id)
    assert (await _sign_in(client)).status_code == 200


async def test_an_invitation_works_once_and_ends_every_other_session(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    token = await _invitation(database, cast)
    assert (await _accept(client, token)).status_code == 200
    assert (await _accept(client, token, OTHER)).status_code == 401
    client.cookies.clear()
    old = await client.get("/api/auth/session", headers=cast.session("partner owner"))
    assert old.status_code == 401


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", OWNER.upper()])
async def test_a_poor_password_is_refused_and_the_invitation_stays(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, password: str
) -> None:
    token = await _invitation(database, cast)
    assert (await _accept(client, token, password)).status_code == 422
    assert (await _accept(client, token)).status_code == 200


async def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(
    owner: httpx.Response,
) -> None:
    name, *attributes = owner.headers["set-cookie"].split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= {a.lower() for a in attributes}
    assert not any(each.lower().startswith("domain") for each in attributes)


@pytest.mark.usefixtures("owner")
async def test_over_plain_http_to_this_very_machine_the_cookie_has_no_prefix(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post(
        "http://localhost/api/auth/sign-in", json={"email": OWNER, "password": PASSWORD}
    )
    assert answer.headers["set-cookie"].startswith("flywheel_session=")
    assert "secure" not in answer.headers["set-cookie"].lower()
    asked = await client.get("http://localhost/api/auth/session", headers=_headers(answer))
    assert asked.status_code == 200
    # The same cookie is nothing elsewhere: only HTTPS sets one there.
    client.cookies.clear()
    asked = await client.get("/api/auth/session", headers=_headers(answer))
    assert asked.status_code == 401


@pytest.mark.usefixtures("owner")
async def test_an_address_is_known_whatever_its_case(client: httpx.AsyncClient) -> None:
    assert (await _sign_in(client, OWNER.upper())).status_code == 200


@pytest.mark.usefixtures("owner")
async def test_a_wrong_password_and_an_unknown_or_disabled_account_are_told_the_same(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    disabled = cast.people["partner viewer"]
    async with db.transaction(database, STAGE) as connection:
        await people.disable(connection, STAGE, disabled.id, clock.now())
    answers = [
        await _sign_in(client, OWNER, OTHER),
        await _sign_in(client, "nobody@example.com", OTHER),
        await _sign_in(client, disabled.email, OTHER),
        # Invited, without a password yet.
        await _sign_in(client, "north-technician@partner.example.com", OTHER),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("email", [OWNER, "nobody@example.com"])
async def test_many_failures_lock_an_address_whether_it_has_an_account_or_not(
    client: httpx.AsyncClient, database: db.Database, email: str
) -> None:
    now = clock.now()
    async with db.transaction(database, AuthScope()) as connection:
        for _ in range(rules.MOST_FAILURES):
            assert await sessions.count_attempt(connection, email, now)
    for password in (OTHER, PASSWORD):
        answer = await _sign_in(client, email, password)
        assert answer.status_code == 429
        assert "one-time link" in answer.json()["detail"]


async def test_a_lock_ends_by_itself_and_is_not_lengthened_by_knocking(
    database: db.Database,
) -> None:
    now = clock.now()
    async with db.transaction(database, AuthScope()) as connection:
        for minute in range(rules.MOST_FAILURES):
            at = now + dt.timedelta(minutes=minute)
            assert await sessions.count_attempt(connection, OWNER, at)
        late = now + dt.timedelta(minutes=rules.MOST_FAILURES)
        for _ in range(3):
            assert not await sessions.count_attempt(connection, OWNER.upper(), late)
        last = now + dt.timedelta(minutes=rules.MOST_FAILURES - 1)
        assert await sessions.count_attempt(connection, OWNER, last + rules.LOCK_LASTS)


@pytest.mark.usefixtures("owner")
async def test_a_good_password_forgets_the_failures_before_it(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    async with db.transaction(database, AuthScope()) as connection:
        for _ in range(rules.MOST_FAILURES - 1):
            await sessions.count_attempt(connection, OWNER, clock.now())
    assert (await _sign_in(client)).status_code == 200
    assert (await _sign_in(client, OWNER, OTHER)).status_code == 401


async def test_one_address_cannot_try_for_ever(client: httpx.AsyncClient, cast: Cast) -> None:
    """The bucket of the caller's own address, whatever e-mails it tries."""
    assert cast
    answers = [
        await client.post("/api/auth/links", json={"email": f"person-{number}@example.com"})
        for number in range(32)
    ]
    assert answers[0].status_code == 202
    assert answers[-1].status_code == 429


async def test_asking_for_a_link_tells_nothing(client: httpx.AsyncClient, cast: Cast) -> None:
    assert cast
    known = await client.post("/api/auth/links", json={"email": OWNER})
    unknown = await client.post("/api/auth/links", json={"email": "nobody@example.com"})
    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content


@pytest.mark.parametrize(
    "body",
    [
        {"email": OWNER},
        {"email": OWNER, "password": ""},
        {"email": OWNER, "password": "x" * 1_001},
        {"email": "x" * 300 + "@example.com", "password": PASSWORD},
        {"email": "a\u0000b@example.com", "password": PASSWORD},
        {"email": OWNER, "password": ["a"]},
        [],
        "text",
    ],
)
async def test_strange_bodies_are_refused(client: httpx.AsyncClient, cast: Cast, body: Any) -> None:
    assert cast
    answer = await client.post("/api/auth/sign-in", json=body)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("token", ["\ud800", "x" * 201, " "])
async def test_a_strange_token_is_refused(
    client: httpx.AsyncClient, cast: Cast, token: str
) -> None:
    assert cast
    answer = await client.post(
        "/api/auth/links/redeem",
        content=b'{"token": "' + token.encode("unicode_escape") + b'"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
