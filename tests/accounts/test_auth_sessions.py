"""One's own sessions and password."""

import asyncio
import datetime as dt

import httpx
import pytest

from flywheel_server.accounts.actions import people, sessions
from flywheel_server.accounts.caches.sessions import Sessions
from flywheel_server.accounts.store import sessions as stored
from flywheel_server.core import clock, db, listener
from flywheel_server.core.scope import AuthScope, LoopScope
from tests import cast as stage
from tests.accounts.test_auth_sign_in import OTHER, OWNER, PASSWORD, _accept, _headers, _sign_in
from tests.cast import STAGE, Cast

VIEWER = "client viewer"


async def test_sessions_are_listed_for_their_owner_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    another = await stage.sign_in(database, cast.people[VIEWER].email)
    listed = (await client.get("/api/auth/sessions", headers=another.headers)).json()["items"]
    assert [session["current"] for session in listed] == [True, False]
    assert {session["user_agent"] for session in listed} == {"the cast"}


async def test_somebody_elses_session_is_not_found(client: httpx.AsyncClient, cast: Cast) -> None:
    admin = cast.session("client admin")
    (own,) = (await client.get("/api/auth/sessions", headers=cast.session(VIEWER))).json()["items"]
    answer = await client.delete(f"/api/auth/sessions/{own['id']}", headers=admin)
    assert answer.status_code == 404
    still = await client.get("/api/auth/session", headers=cast.session(VIEWER))
    assert still.status_code == 200


async def test_signing_out_ends_this_session_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    another = await stage.sign_in(database, cast.people[VIEWER].email)
    answer = await client.post("/api/auth/sign-out", headers=another.headers)
    assert answer.status_code == 204
    assert 'flywheel_session=""' in answer.headers["set-cookie"]
    assert (await client.get("/api/auth/session", headers=another.headers)).status_code == 401
    assert (await client.get("/api/auth/session", headers=cast.session(VIEWER))).status_code == 200


async def test_signing_out_everywhere_ends_them_all(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    another = await stage.sign_in(database, cast.people[VIEWER].email)
    answer = await client.delete("/api/auth/sessions", headers=another.headers)
    assert answer.json() == {"ended": 2}
    for headers in (another.headers, cast.session(VIEWER)):
        assert (await client.get("/api/auth/session", headers=headers)).status_code == 401


async def test_a_new_password_ends_other_sessions_and_needs_the_present_one(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    async with db.transaction(database, STAGE) as connection:
        link = await people.make_link(
            connection, STAGE, cast.people["partner owner"].id, "invitation", clock.now()
        )
    this = _headers(await _accept(client, link.token))
    client.cookies.clear()
    other = _headers(await _sign_in(client))
    client.cookies.clear()

    change = {"current": OTHER, "new": OTHER}
    wrong = await client.post("/api/auth/password", headers=this, json=change)
    assert wrong.status_code == 422
    right = await client.post(
        "/api/auth/password", headers=this, json=change | {"current": PASSWORD}
    )
    assert right.status_code == 204, right.text

    assert (await client.get("/api/auth/session", headers=this)).status_code == 200
    assert (await client.get("/api/auth/session", headers=other)).status_code == 401
    assert (await _sign_in(client, OWNER, PASSWORD)).status_code == 401
    assert (await _sign_in(client, OWNER, OTHER)).status_code == 200


async def test_a_token_has_no_session(client: httpx.AsyncClient, cast: Cast) -> None:
    answer = await client.get("/api/auth/session", headers=cast.admin.headers)
    assert answer.status_code == 403
    assert "signed in" in answer.json()["detail"]


async def test_a_token_and_the_session_of_the_same_operator_agree(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    both = cast.admin.headers | cast.people["operator admin"].cookie
    assert (await client.get("/api/admin/partners", headers=both)).status_code == 200


@pytest.mark.parametrize("other", ["operator viewer", "partner owner"])
async def test_two_credentials_that_disagree_are_refused(
    client: httpx.AsyncClient, cast: Cast, other: str
) -> None:
    both = cast.admin.headers | cast.people[other].cookie
    answer = await client.get("/api/admin/partners", headers=both)
    assert answer.status_code == 401
    assert "two credentials that disagree" in answer.json()["detail"]


async def test_an_idle_and_an_old_session_end(database: db.Database, cast: Cast) -> None:
    """Asked of the cache itself, with the time as an argument."""
    ear = listener.Listener(database)
    cache = Sessions(database, ear, dt.timedelta(minutes=30))
    now, token = clock.now(), (await stage.sign_in(database, cast.people[VIEWER].email)).token
    assert await cache.find(token, now)
    # Used every twenty minutes it lives, until its last moment.
    for minutes in (20, 40, 59):
        assert await cache.find(token, now + dt.timedelta(minutes=minutes))
    assert await cache.find(token, now + dt.timedelta(minutes=61)) is None
    idle = cast.people["client admin"].token
    assert await cache.find(idle, now + dt.timedelta(minutes=31)) is None


async def test_an_ended_session_stops_in_another_process_when_it_hears_of_it(
    client: httpx.AsyncClient, own_database: db.Database, cast: Cast
) -> None:
    """The other process is `own_database`; the client's hears through LISTEN."""
    headers = cast.session(VIEWER)
    assert (await client.get("/api/auth/session", headers=headers)).status_code == 200
    heard = asyncio.Event()
    runtime = client._transport.app.state.runtime  # type: ignore[attr-defined]
    runtime.database.subscribers.append(lambda _channel, _payload: heard.set())
    async with db.transaction(own_database, STAGE) as connection:
        await people.disable(connection, STAGE, cast.people[VIEWER].id, clock.now())
    async with asyncio.timeout(listener.TRUST_SECONDS):
        await heard.wait()
    answer = await client.get("/api/auth/session", headers=headers)
    assert answer.status_code == 401


async def test_housekeeping_forgets_what_is_past_its_time(
    database: db.Database, cast: Cast
) -> None:
    later = clock.now() + dt.timedelta(days=30)
    async with db.transaction(database, AuthScope()) as connection:
        await stored.count_attempt(connection, OWNER, clock.now())
    async with db.transaction(database, LoopScope(reason="a test")) as connection:
        forgotten = await sessions.forget_old(connection, later, dt.timedelta(hours=1))
        again = await sessions.forget_old(connection, later, dt.timedelta(hours=1))
    assert forgotten["sessions_deleted"] >= len(cast.people)
    assert forgotten["one_time_links_deleted"] >= len(cast.people)
    assert forgotten["sign_in_failures_deleted"] == 1
    assert set(again.values()) == {0}
