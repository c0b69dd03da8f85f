"""A key that does not count yet: its bundles wait, unverified, and nothing of them is lost.

Older daemons drop what is refused, so a re-imaged appliance lost its evidence until an operator had
approved its new key.
"""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.evidence.actions import evidence_waiting
from tests import bundles, cast as people, folding
from tests.bundles import Agent
from tests.cast import Cast, CastPerson, CastSite
from tests.checking_in import check_in
from tests.telemetry import executions, send, turn

LOOP = LoopScope(reason="tests turn the step by hand")
REASON = {"reason": "It was set up again."}


@pytest.fixture
async def old(database: db.Database, cast: Cast) -> Agent:
    return await bundles.agent_of(database, cast.appliance)


@pytest.fixture
async def new(database: db.Database, cast: Cast, old: Agent) -> Agent:
    assert old.site.id == cast.site.id
    return await bundles.agent_of(database, cast.appliance)


@pytest.fixture(params=["partner owner", "partner technician", "operator admin"])
def person(request: pytest.FixtureRequest, cast: Cast) -> CastPerson:
    return cast.people[request.param]


async def test_what_waits_enters_the_chain_in_order_once_the_key_is_approved(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    old: Agent,
    new: Agent,
    person: CastPerson,
) -> None:
    """Broken by admitting the newest first, and by appending without the lock of the chain."""
    bodies = [new.go_body() if number % 2 else new.python_body() for number in range(5)]
    for body in (*bodies, bodies[0]):
        told = bundles.good(await new.submit(client, body))
        assert (told["ots_status"], told["chain_position"]) == ("waiting", 0)
    bundles.good(await old.submit(client))
    assert len(await bundles.chain(database, cast.site)) == 1
    (key,) = await _keys(client, cast.site, person)
    assert (key["waiting_bundles"], key["appliance_id"]) == (5, cast.appliance.wire_id)
    assert len(await _waiting(client, cast.site, person)) == 5

    await _decide(client, cast.site, person, key["id"], "approve")

    chain = await bundles.chain(database, cast.site)
    assert [row["signed_data"].decode() for row in chain[1:]] == [
        body["signed_data"] for body in bodies
    ]
    assert [row["position"] for row in chain] == list(range(1, 7))
    assert await _waiting(client, cast.site, person) == []
    # Sent again, one is answered with its place; the next one follows.
    assert bundles.good(await new.submit(client, bodies[0]))["chain_position"] == 2
    assert bundles.good(await new.submit(client))["chain_position"] == 7
    entries = await client.get("/api/admin/audit", headers=cast.viewer.headers)
    assert "evidence_key.approve" in [each["action"] for each in entries.json()["items"]]


async def test_what_waits_proves_no_heal_until_it_is_verified(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Broken by admitting bundles without what their checks say."""
    old, new = Agent(cast.site), Agent(cast.site)
    for agent in (old, new):
        await check_in(
            client,
            cast.site,
            site_id=cast.site.slug,
            agent_version="0.1.0",
            agent_public_key=agent.public_key,
        )
    await send(client, cast.site, executions(1, hostname="WS-1"))
    checks = [{"check": "service_stopped", "hostname": "WS-1", "status": "pass"}]
    bundles.good(await new.submit(client, new.go_body(checks=checks)))
    assert await _standings(client, cast) == ["claimed"]
    person = cast.people["partner technician"]
    (key,) = await _keys(client, cast.site, person)

    await _decide(client, cast.site, person, key["id"], "approve")

    assert await _standings(client, cast) == ["verified"]
    await turn(client, cast.admin)
    assert await folding.differences(database) == {}


async def test_a_refused_keys_bundles_are_dropped_with_a_record(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, new: Agent, person: CastPerson
) -> None:
    for _ in range(3):
        bundles.good(await new.submit(client))
    (key,) = await _keys(client, cast.site, person)

    await _decide(client, cast.site, person, key["id"], "refuse")

    assert await _waiting(client, cast.site, person) == []
    assert await bundles.chain(database, cast.site) == []
    (drop,) = await _drops(database)
    assert (drop["reason"], drop["bundles"], drop["public_key"]) == ("refused", 3, new.public_key)
    assert "refused" in await bundles.refused(client, database, new, new.go_body(), 401)


async def test_a_bundle_that_is_not_signed_by_the_key_it_names_does_not_wait(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, new: Agent
) -> None:
    for forger in (new, Agent(cast.site)):
        body = forger.go_body() | {"agent_signature": "ab" * 64}
        await bundles.refused(client, database, forger, body, 401)
    assert await _waiting(client, cast.site, cast.people["partner viewer"]) == []


async def test_what_was_changed_while_it_waited_is_dropped_with_a_record(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    new: Agent,
    owner: db.Connection,
) -> None:
    """The signature is verified again over the exact bytes. Broken by trusting the first look."""
    first, second = new.go_body(), new.go_body()
    for body in (first, second):
        bundles.good(await new.submit(client, body))
    await owner.execute(
        "UPDATE evidence_waiting SET signed_data = signed_data || ' ' WHERE signed_data = $1",
        first["signed_data"].encode(),
    )
    person = cast.people["partner technician"]
    (key,) = await _keys(client, cast.site, person)

    await _decide(client, cast.site, person, key["id"], "approve")

    (row,) = await bundles.chain(database, cast.site)
    assert row["signed_data"].decode() == second["signed_data"]
    (drop,) = await _drops(database)
    assert (drop["reason"], drop["bundles"]) == ("unverified", 1)


async def test_bundles_of_a_key_that_no_appliance_has_shown_wait_for_its_check_in(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    """Evidence that overtakes the first check-in. Broken by `see` not claiming the key."""
    site = await people.make_site(database, slug="site-lab-01")
    agent = Agent(site)
    bodies = [agent.go_body(), agent.python_body(), agent.go_body()]
    for body in bodies:
        assert bundles.good(await agent.submit(client, body))["ots_status"] == "waiting"

    await check_in(client, site, agent_public_key=agent.public_key)
    await _turn(database)

    chain = await bundles.chain(database, site)
    assert {row["signed_data"].decode() for row in chain} == {
        body["signed_data"] for body in bodies
    }
    assert len(chain) == 3
    assert {row["appliance_id"] for row in chain} != {None}
    states = {state for state, _ in (await bundles.keys(database, site)).values()}
    assert states == {"active"}


async def test_a_key_that_only_bundles_have_shown_is_approved_for_an_appliance(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, old: Agent, person: CastPerson
) -> None:
    stranger = Agent(cast.site)
    bundles.good(await stranger.submit(client))
    (key,) = await _keys(client, cast.site, person)
    assert key["appliance_id"] is None
    missing = await _answer(client, cast.site, person, key["id"], "approve")
    assert missing.status_code == 422
    assert "appliance_id" in missing.json()["detail"]

    await _decide(
        client, cast.site, person, key["id"], "approve", appliance_id=cast.appliance.wire_id
    )

    (row,) = await bundles.chain(database, cast.site)
    assert row["appliance_id"] == cast.appliance.id
    # One key of an appliance signs at a time.
    assert "replaced" in await bundles.refused(client, database, old, old.go_body(), 401)


async def test_a_key_that_was_replaced_and_is_shown_again_waits_once_more(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, old: Agent, new: Agent
) -> None:
    """A backup of the disk is played back: no dead end for its evidence."""
    person = cast.people["partner technician"]
    (key,) = await _keys(client, cast.site, person)
    await _decide(client, cast.site, person, key["id"], "approve")
    assert (await old.submit(client)).status_code == 401

    await bundles.shown(database, cast.appliance, old)

    assert bundles.good(await old.submit(client))["ots_status"] == "waiting"
    (key,) = await _keys(client, cast.site, person)
    await _decide(client, cast.site, person, key["id"], "approve")
    assert len(await bundles.chain(database, cast.site)) == 1
    assert (await new.submit(client)).status_code == 401


async def test_the_oldest_makes_room_and_that_is_recorded_and_an_alarm(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    new: Agent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evidence_waiting, "MOST_BUNDLES", 3)
    bodies = [new.go_body() for _ in range(5)]
    for body in bodies:
        bundles.good(await new.submit(client, body))

    person = cast.people["partner viewer"]
    kept = await _waiting(client, cast.site, person)
    assert len(kept) == 3
    (drop,) = await _drops(database)
    assert (drop["reason"], drop["bundles"]) == ("room", 2)
    alarms = await client.get("/api/partners/me/alarms", headers=person.headers)
    kinds = [each["kind"] for each in bundles.good(alarms)["items"]]
    assert {"evidence_key", "evidence_dropped"} <= set(kinds)
    page = await client.get(f"/partner/evidence/{cast.site.id}", headers=person.cookie)
    assert "3 bundles wait" in page.text
    assert "the oldest went" in page.text

    monkeypatch.setattr(evidence_waiting, "MOST_BUNDLES", 100)
    monkeypatch.setattr(evidence_waiting, "MOST_BYTES", 1)
    bundles.good(await new.submit(client))
    assert await _waiting(client, cast.site, person) == []


async def test_what_waits_at_the_limit_stays_when_it_is_sent_again(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    new: Agent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken by a limit that is one less than it says, and by a repeat that counts again."""
    bodies = [new.go_body() for _ in range(3)]
    size = sum(len(each["signed_data"].encode()) for each in bodies)
    monkeypatch.setattr(evidence_waiting, "MOST_BUNDLES", 3)
    monkeypatch.setattr(evidence_waiting, "MOST_BYTES", size)
    for body in [*bodies, *bodies]:
        bundles.good(await new.submit(client, body))

    assert len(await _waiting(client, cast.site, cast.people["partner viewer"])) == 3
    assert await _drops(database) == []


async def test_more_than_enter_at_once_keep_their_order_with_what_comes_meanwhile(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    new: Agent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evidence_waiting, "AT_ONCE", 2)
    monkeypatch.setattr(evidence_waiting, "_AT_SUBMIT", 1)
    bodies = [new.go_body() for _ in range(6)]
    for body in bodies[:5]:
        bundles.good(await new.submit(client, body))
    person = cast.people["partner technician"]
    (key,) = await _keys(client, cast.site, person)
    await _decide(client, cast.site, person, key["id"], "approve")
    assert len(await bundles.chain(database, cast.site)) == 2

    # It does not overtake those that came before it.
    assert bundles.good(await new.submit(client, bodies[5]))["ots_status"] == "waiting"
    for _ in range(3):
        await _turn(database)

    chain = await bundles.chain(database, cast.site)
    assert [row["signed_data"].decode() for row in chain] == [
        body["signed_data"] for body in bodies
    ]


async def test_only_those_who_may_change_decide_and_only_on_their_own(
    client: httpx.AsyncClient, cast: Cast, new: Agent
) -> None:
    bundles.good(await new.submit(client))
    (key,) = await _keys(client, cast.site, cast.people["client viewer"])
    for role in ("partner viewer", "operator viewer", "client admin"):
        answer = await _answer(client, cast.site, cast.people[role], key["id"], "approve")
        assert answer.status_code == 403, role
    stranger = cast.foreign_people["partner owner"]
    answer = await _answer(client, cast.site, stranger, key["id"], "approve")
    assert answer.status_code == 404
    # Nor under a site of one's own.
    own = await _answer(client, cast.foreign_site, stranger, key["id"], "approve")
    assert own.status_code == 404


async def _standings(client: httpx.AsyncClient, cast: Cast) -> list[str]:
    url = "/api/partners/me/learning/execution-history"
    answer = await client.get(url, headers=cast.session("partner viewer"))
    return [each["standing"] for each in bundles.good(answer)["items"]]


async def _turn(database: db.Database) -> None:
    async with db.transaction(database, LOOP) as connection:
        await evidence_waiting.admit_due(connection, clock.now() + dt.timedelta(seconds=1))


async def _answer(
    client: httpx.AsyncClient, site: CastSite, person: CastPerson, id: str, verb: str, **body: Any
) -> httpx.Response:
    return await client.post(
        bundles.read_url(site, f"keys/{id}/{verb}"), json=REASON | body, headers=person.headers
    )


async def _decide(
    client: httpx.AsyncClient, site: CastSite, person: CastPerson, id: str, verb: str, **body: Any
) -> None:
    bundles.good(await _answer(client, site, person, id, verb, **body))


async def _keys(
    client: httpx.AsyncClient, site: CastSite, person: CastPerson
) -> list[dict[str, Any]]:
    url = bundles.read_url(site, "keys?state=waiting")
    found: list[dict[str, Any]] = bundles.good(await client.get(url, headers=person.headers))[
        "items"
    ]
    return found


async def _waiting(
    client: httpx.AsyncClient, site: CastSite, person: CastPerson
) -> list[dict[str, Any]]:
    url = bundles.read_url(site, "waiting")
    found: list[dict[str, Any]] = bundles.good(await client.get(url, headers=person.headers))[
        "items"
    ]
    return found


async def _drops(database: db.Database) -> list[dict[str, Any]]:
    async with db.transaction(database, people.STAGE) as connection:
        rows = await connection.fetch("SELECT public_key, reason, bundles FROM evidence_drops")
    return [dict(row) for row in rows]
