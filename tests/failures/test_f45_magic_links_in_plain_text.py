"""Links and sessions are kept as hashes, work once or until revoked, and end on time.

Broken on purpose: with the token itself in `digest` the first test finds it; with `SELECT` for
`DELETE … RETURNING` in one_time_links.use a link works twice.
"""

import datetime as dt

import asyncpg
import httpx

from flywheel_server.accounts.actions import people, sessions, tokens
from flywheel_server.accounts.store import one_time_links
from flywheel_server.accounts.store.one_time_links import Kind
from flywheel_server.core import clock, db, embedded
from flywheel_server.core.scope import AuthScope
from tests.cast import STAGE, Cast

DEVICE = sessions.Device(address="192.0.2.1", user_agent="a browser")
LASTS = dt.timedelta(hours=1)


async def _link(
    database: db.Database, cast: Cast, kind: Kind, now: dt.datetime | None = None
) -> people.Link:
    async with db.transaction(database, STAGE) as connection:
        return await people.make_link(
            connection, STAGE, cast.people["partner owner"].id, kind, now or clock.now()
        )


async def _redeem(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/links/redeem", json={"token": token})


async def test_f45_no_token_stands_anywhere_in_the_database(
    client: httpx.AsyncClient, address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    secrets = [
        (await _link(database, cast, "sign_in")).token,
        (await _link(database, cast, "invitation")).token,
        cast.people["partner owner"].token,
    ]
    await _redeem(client, secrets[0])
    owner = await asyncpg.connect(address.owner_url)
    try:
        tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in tables:
            rows = await owner.fetch(f"SELECT t::text AS row FROM {table['tablename']} t")
            text = "\n".join(row["row"] for row in rows)
            for token in secrets:
                assert token not in text, table["tablename"]
                assert token.encode().hex() not in text, table["tablename"]
    finally:
        await owner.close()


async def test_f45_a_link_works_once(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    link = await _link(database, cast, "sign_in")
    assert (await _redeem(client, link.token)).status_code == 200
    assert (await _redeem(client, link.token)).status_code == 401


async def test_f45_a_link_ends_after_an_hour(database: db.Database, cast: Cast) -> None:
    now = clock.now()
    link = await _link(database, cast, "sign_in", now)
    assert link.expires_at == now + dt.timedelta(minutes=60)
    async with db.transaction(database, AuthScope()) as connection:
        late = await one_time_links.use(
            connection, tokens.digest(link.token), "sign_in", link.expires_at
        )
        early = await one_time_links.use(
            connection,
            tokens.digest(link.token),
            "sign_in",
            link.expires_at - dt.timedelta(seconds=1),
        )
    assert late is None
    assert early == cast.people["partner owner"].id


async def test_f45_a_new_link_stops_the_one_before(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first = await _link(database, cast, "sign_in")
    second = await _link(database, cast, "sign_in")
    assert (await _redeem(client, first.token)).status_code == 401
    assert (await _redeem(client, second.token)).status_code == 200


async def test_f45_an_invitation_signs_nobody_in_as_a_link_would(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    link = await _link(database, cast, "invitation")
    assert (await _redeem(client, link.token)).status_code == 401


async def test_f45_a_session_that_was_ended_stops_at_once(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    person = cast.people["client viewer"]
    listed = await client.get("/api/auth/sessions", headers=person.headers)
    (session,) = listed.json()["items"]
    ended = await client.delete(f"/api/auth/sessions/{session['id']}", headers=person.headers)
    assert ended.status_code == 204
    again = await client.get("/api/auth/session", headers=person.headers)
    assert again.status_code == 401
    assert "sign in again" in again.json()["detail"]
