"""Evidence over HTTP: what is taken in, and what is refused."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.evidence.model import evidence as domain
from tests import bundles, cast as people
from tests.bundles import CHECK, Agent
from tests.cast import Cast


@pytest.fixture
async def agent(database: db.Database, cast: Cast) -> Agent:
    return await bundles.agent_of(database, cast.appliance)


async def test_both_agents_bundles_are_taken_and_chained_and_answered_with_exact_fields(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    first_body, second_body = agent.go_body(), agent.python_body()
    first = bundles.good(await agent.submit(client, first_body))
    second = bundles.good(await agent.submit(client, second_body))

    assert set(first) == {
        "bundle_id",
        "chain_position",
        "prev_hash",
        "current_hash",
        "ots_status",
        "ots_submitted",
    }
    assert (first["chain_position"], first["prev_hash"]) == (1, domain.GENESIS)
    assert (second["chain_position"], second["prev_hash"]) == (2, first["current_hash"])
    assert (first["ots_status"], first["ots_submitted"]) == ("local", False)
    stored = await bundles.chain(database, agent.site)
    assert [row["signed_data"].decode() for row in stored] == [
        first_body["signed_data"],
        second_body["signed_data"],
    ]
    assert {row["public_key"] for row in stored} == {agent.public_key}
    assert stored[0]["results"] == {"pass": 1, "fail": 1}


async def test_a_repeat_is_answered_as_the_first_time(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body()
    first = bundles.good(await agent.submit(client, body))
    bundles.good(await agent.submit(client))

    again = bundles.good(await agent.submit(client, body))

    assert again == first
    assert len(await bundles.chain(database, agent.site)) == 2


@pytest.mark.parametrize("named", [True, False])
async def test_a_repeat_with_another_signature_is_no_repeat(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, named: bool
) -> None:
    """Who knows a bundle's text is not told what became of it. Broken by comparing texts alone."""
    body = agent.go_body() | ({"bundle_id": "scan-1"} if named else {})
    bundles.good(await agent.submit(client, body))

    forged = body | {"agent_signature": agent.sign(b"something else")}

    assert "bad-signature" in await bundles.refused(client, database, agent, forged, 401)


async def test_a_known_id_with_other_content_is_a_conflict_and_with_its_own_a_repeat(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body() | {"bundle_id": "scan-1"}
    first = bundles.good(await agent.submit(client, body))

    assert first["bundle_id"] == "scan-1"
    assert bundles.good(await agent.submit(client, body)) == first
    other = agent.go_body() | {"bundle_id": "scan-1"}
    assert "conflict" in await bundles.refused(client, database, agent, other, 409)


async def test_an_id_that_the_server_would_give_and_an_agent_took_is_a_conflict(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body()
    hash = domain.bundle_hash(body["signed_data"].encode())
    id = domain.bundle_id(agent.site.id, agent.public_key, hash)
    bundles.good(await agent.submit(client, agent.go_body() | {"bundle_id": id}))

    await bundles.refused(client, database, agent, body, 409)


def _drop(name: str) -> Callable[[Agent, dict[str, Any]], dict[str, Any]]:
    return lambda _agent, body: {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize(
    "change",
    [
        _drop("agent_signature"),
        _drop("signed_data"),
        lambda _agent, body: body | {"agent_signature": None},
        lambda _agent, body: body | {"agent_signature": ""},
        lambda _agent, body: body | {"agent_signature": "0" * 128},
        lambda _agent, body: body | {"agent_signature": body["agent_signature"][:-2]},
        lambda _agent, body: body | {"agent_signature": "nothing in hex"},
        lambda agent, body: body | {"agent_signature": agent.sign(b"something else")},
        lambda agent, body: body | {"agent_signature": Agent(agent.site).sign(b"")},
        lambda _agent, body: body | {"agent_public_key": "0" * 64},
        lambda _agent, body: body | {"agent_public_key": "no key"},
        lambda _agent, body: body | {"signed_data": body["signed_data"] + " "},
    ],
)
async def test_what_is_not_signed_by_a_key_of_the_site_is_refused(
    client: httpx.AsyncClient,
    database: db.Database,
    agent: Agent,
    change: Callable[[Agent, dict[str, Any]], dict[str, Any]],
) -> None:
    bundles.good(await agent.submit(client))

    problem = await bundles.refused(client, database, agent, change(agent, agent.go_body()), 401)

    assert "bad-signature" in problem


async def test_a_key_that_no_appliance_showed_proves_nothing(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    """Its bundles wait (tests/field/test_evidence_keys_waiting.py); unnamed, they are refused."""
    there = await people.make_appliance(database, cast.neighbour)
    foreign = await bundles.agent_of(database, there)
    for stranger in (Agent(agent.site), foreign):
        body = stranger.go_body(site_id=agent.site.slug)
        assert bundles.good(await agent.submit(client, body))["ots_status"] == "waiting"
    assert await bundles.chain(database, agent.site) == []

    await bundles.refused(client, database, agent, Agent(agent.site).python_body(), 401)


async def test_another_appliances_key_is_refused_where_the_credential_names_the_appliance(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    other = await bundles.agent_of(database, await people.make_appliance(database, cast.site))
    bound = cast.appliance.credential.headers
    body = other.go_body()

    await bundles.refused(client, database, agent, body, 401, headers=bound)
    bundles.good(await other.submit(client, body))
    # Nor does a repeat let it through.
    await bundles.refused(client, database, agent, body, 401, headers=bound)
    bundles.good(await agent.submit(client, agent.go_body(), bound))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("checked_at", "2026-02-24T10:00:00Z"),
        ("checks", []),
        ("checks", [CHECK]),
        ("summary", {"pass": 2}),
        ("summary", None),
    ],
)
async def test_a_body_that_says_something_else_than_its_signed_text_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, name: str, value: object
) -> None:
    problem = await bundles.refused(client, database, agent, agent.go_body() | {name: value}, 422)

    assert "signed" in problem


async def test_a_signed_text_of_another_site_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, cast: Cast
) -> None:
    """F44: what was signed for one site is no evidence of another."""
    body = agent.go_body(site_id=cast.neighbour.slug) | {"site_id": agent.site.slug}

    await bundles.refused(client, database, agent, body, 422)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"checks":1,"checks":2}', "{", '"' + "a" * 9 + '"', "[" * 5_000]
)
async def test_a_signed_text_that_is_no_evidence_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, text: str
) -> None:
    body = agent.go_body() | {"signed_data": text, "agent_signature": agent.sign(text.encode())}
    before = await bundles.chain(database, agent.site)

    answer = await agent.submit(client, body)

    assert answer.status_code in {400, 401, 422}, answer.text
    assert await bundles.chain(database, agent.site) == before


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"checks": 1e999}', b'{"a":1,"a":2}', b"[" * 9_000],
)
async def test_a_body_that_is_no_bundle_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, raw: bytes
) -> None:
    answer = await client.post(agent.url, content=raw, headers=agent.site.headers)

    assert answer.status_code in {400, 422}, answer.text
    assert await bundles.chain(database, agent.site) == []


@pytest.mark.parametrize("dirt", ["a\x00", "\ud800", float("nan"), "x" * 70_000, [[[5]]]])
async def test_free_text_of_checks_loses_no_evidence_and_the_chain_holds(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, dirt: object
) -> None:
    """F61: what was signed is kept byte for byte; a copy is cleaned to be read."""
    body = agent.python_body(checks=[CHECK | {"status": dirt, "actual": dirt}], summary={"a": dirt})
    raw = json.dumps(body).encode()

    for _ in range(2):
        answer = await client.post(agent.url, content=raw, headers=agent.site.headers)
        assert answer.status_code == 200, answer.text

    (row,) = await bundles.chain(database, agent.site)
    assert row["signed_data"] == body["signed_data"].encode()
    assert row["results"] == {"other": 1}
    signed = domain.parse(body["signed_data"])
    assert domain.results(signed["checks"]) == row["results"]


async def test_ten_thousand_checks_are_taken_and_one_more_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    check = {"check": "c", "hostname": "h", "status": "pass"}
    most = agent.go_body(checks=[check] * 10_000)
    assert len(json.dumps(most)) < domain.MOST_BYTES

    bundles.good(await agent.submit(client, most))
    await bundles.refused(client, database, agent, agent.go_body(checks=[check] * 10_001), 422)

    (row,) = await bundles.chain(database, agent.site)
    assert row["checks"] == 10_000


async def test_a_body_over_four_mebibytes_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body() | {"padding": "x" * domain.MOST_BYTES}

    assert "too-large" in await bundles.refused(client, database, agent, body, 413)


@pytest.mark.parametrize("text", ["yesterday", ""])
async def test_a_time_that_is_none_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, text: str
) -> None:
    assert "checked_at" in await bundles.refused(
        client, database, agent, agent.go_body(checked_at=text), 422
    )


async def test_no_evidence_is_lost_to_a_clock_and_late_evidence_is_taken_in_its_turn(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    def at(hours: float) -> str:
        return (clock.now() + dt.timedelta(hours=hours)).isoformat()

    bundles.good(await agent.submit(client, agent.go_body(checked_at=at(25))))
    bundles.good(await agent.submit(client, agent.go_body(checked_at=at(23))))
    for unset in ("1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"):
        bundles.good(await agent.submit(client, agent.go_body(checked_at=unset)))
    # Sent again after an outage, behind newer ones: the chain is the order of receipt.
    bundles.good(await agent.submit(client, agent.go_body(checked_at=at(-72))))

    rows = await bundles.chain(database, agent.site)
    assert [row["position"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0]["checked_at"] > rows[1]["checked_at"]
    assert rows[0]["received_at"] <= rows[1]["received_at"]


async def test_a_bundle_hash_is_computed_anew(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body()
    hash = domain.bundle_hash(body["signed_data"].encode())

    await bundles.refused(client, database, agent, body | {"bundle_hash": "0" * 64}, 422)
    bundles.good(await agent.submit(client, body | {"bundle_hash": hash.upper()}))


async def test_optional_members_may_be_null_and_unknown_ones_are_ignored(
    client: httpx.AsyncClient, agent: Agent
) -> None:
    body = agent.go_body(checks=None, summary=None)

    bundles.good(
        await agent.submit(client, body | {"bundle_hash": None, "bundle_id": None, "new": [1]})
    )
