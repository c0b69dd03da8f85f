"""Evidence over HTTP: what is taken in, what is refused, and what people read."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flywheel_server import clock, db
from flywheel_server.domain import evidence as domain
from tests import cast as people
from tests import evidence, parts
from tests.cast import Cast, CastAppliance
from tests.evidence import CHECK, Agent

KEYS = "/api/admin/evidence/keys"


@pytest.fixture
def database(client: httpx.AsyncClient) -> db.Database:
    return parts.of(client).database


@pytest.fixture
async def agent(database: db.Database, cast: Cast) -> Agent:
    return await evidence.agent_of(database, cast.appliance)


async def good(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def refused(
    client: httpx.AsyncClient,
    database: db.Database,
    agent: Agent,
    body: Any,
    status: int,
    *,
    headers: dict[str, str] | None = None,
) -> str:
    """Submit what is refused; the chain stays as it was. Return the problem's type and detail."""
    before = await evidence.chain(database, agent.site)
    answer = await agent.submit(client, body, headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 20
    assert await evidence.chain(database, agent.site) == before
    return str(answer.json()["type"] + " " + answer.json()["detail"])


async def test_both_agents_bundles_are_taken_and_chained_and_answered_with_exact_fields(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    first_body, second_body = agent.go_body(), agent.python_body()
    first = await good(await agent.submit(client, first_body))
    second = await good(await agent.submit(client, second_body))

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
    stored = await evidence.chain(database, agent.site)
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
    first = await good(await agent.submit(client, body))
    await good(await agent.submit(client))

    again = await good(await agent.submit(client, body))

    assert again == first
    assert len(await evidence.chain(database, agent.site)) == 2


async def test_a_known_id_with_other_content_is_a_conflict_and_with_its_own_a_repeat(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body() | {"bundle_id": "scan-1"}
    first = await good(await agent.submit(client, body))

    assert first["bundle_id"] == "scan-1"
    assert await good(await agent.submit(client, body)) == first
    other = agent.go_body() | {"bundle_id": "scan-1"}
    assert "conflict" in await refused(client, database, agent, other, 409)


async def test_an_id_that_the_server_would_give_and_an_agent_took_is_a_conflict(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body()
    hash = domain.bundle_hash(body["signed_data"].encode())
    id = domain.bundle_id(agent.site.id, agent.public_key, hash)
    await good(await agent.submit(client, agent.go_body() | {"bundle_id": id}))

    await refused(client, database, agent, body, 409)


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
    await good(await agent.submit(client))

    problem = await refused(client, database, agent, change(agent, agent.go_body()), 401)

    assert "bad-signature" in problem


async def test_a_key_that_nobody_showed_is_refused_with_and_without_its_name(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    stranger = Agent(agent.site)

    assert "check in" in await refused(client, database, stranger, stranger.go_body(), 401)
    await refused(client, database, stranger, stranger.python_body(), 401)


async def test_a_key_of_another_site_is_refused(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    there = await people.make_appliance(database, cast.neighbour)
    foreign = await evidence.agent_of(database, there)
    body = foreign.go_body(site_id=agent.site.slug)

    await refused(client, database, agent, body, 401)


async def test_another_appliances_key_is_refused_where_the_credential_names_the_appliance(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    other = await evidence.agent_of(database, await people.make_appliance(database, cast.site))
    bound = cast.appliance.credential.headers
    body = other.go_body()

    await refused(client, database, agent, body, 401, headers=bound)
    await good(await other.submit(client, body))
    # Nor does a repeat let it through.
    await refused(client, database, agent, body, 401, headers=bound)
    await good(await agent.submit(client, agent.go_body(), bound))


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
    problem = await refused(client, database, agent, agent.go_body() | {name: value}, 422)

    assert "signed" in problem


async def test_a_signed_text_of_another_site_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, cast: Cast
) -> None:
    """F44: what was signed for one site is no evidence of another."""
    body = agent.go_body(site_id=cast.neighbour.slug) | {"site_id": agent.site.slug}

    await refused(client, database, agent, body, 422)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"checks":1,"checks":2}', "{", '"' + "a" * 9 + '"', "[" * 5_000]
)
async def test_a_signed_text_that_is_no_evidence_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, text: str
) -> None:
    body = agent.go_body() | {"signed_data": text, "agent_signature": agent.sign(text.encode())}
    before = await evidence.chain(database, agent.site)

    answer = await agent.submit(client, body)

    assert answer.status_code in {400, 401, 422}, answer.text
    assert await evidence.chain(database, agent.site) == before


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"checks": 1e999}', b'{"a":1,"a":2}', b"[" * 9_000],
)
async def test_a_body_that_is_no_bundle_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, raw: bytes
) -> None:
    answer = await client.post(agent.url, content=raw, headers=agent.site.headers)

    assert answer.status_code in {400, 422}, answer.text
    assert await evidence.chain(database, agent.site) == []


@pytest.mark.parametrize("status", ["\x00", "\ud800"])
async def test_characters_that_cannot_be_stored_are_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, status: str
) -> None:
    body = agent.python_body(checks=[CHECK | {"status": status}])
    raw = json.dumps(body).encode()

    answer = await client.post(agent.url, content=raw, headers=agent.site.headers)

    assert answer.status_code == 422, answer.text
    assert await evidence.chain(database, agent.site) == []


async def test_ten_thousand_checks_are_taken_and_one_more_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    check = {"check": "c", "hostname": "h", "status": "pass"}
    most = agent.go_body(checks=[check] * 10_000)
    assert len(json.dumps(most)) < domain.MOST_BYTES

    await good(await agent.submit(client, most))
    await refused(client, database, agent, agent.go_body(checks=[check] * 10_001), 422)

    (row,) = await evidence.chain(database, agent.site)
    assert row["checks"] == 10_000


async def test_a_body_over_four_mebibytes_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body() | {"padding": "x" * domain.MOST_BYTES}

    assert "too-large" in await refused(client, database, agent, body, 413)


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "yesterday", ""])
async def test_a_clock_that_was_never_set_is_refused(
    client: httpx.AsyncClient, database: db.Database, agent: Agent, text: str
) -> None:
    assert "checked_at" in await refused(
        client, database, agent, agent.go_body(checked_at=text), 422
    )


async def test_a_clock_over_a_day_ahead_is_refused_and_late_evidence_is_taken_in_its_turn(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    def at(hours: float) -> str:
        return (clock.now() + dt.timedelta(hours=hours)).isoformat()

    await refused(client, database, agent, agent.go_body(checked_at=at(25)), 422)
    await good(await agent.submit(client, agent.go_body(checked_at=at(23))))
    # Sent again after an outage, behind newer ones: the chain is the order of receipt.
    await good(await agent.submit(client, agent.go_body(checked_at=at(-72))))

    rows = await evidence.chain(database, agent.site)
    assert [row["position"] for row in rows] == [1, 2]
    assert rows[0]["checked_at"] > rows[1]["checked_at"]
    assert rows[0]["received_at"] <= rows[1]["received_at"]


async def test_a_bundle_hash_is_computed_anew(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    body = agent.go_body()
    hash = domain.bundle_hash(body["signed_data"].encode())

    await refused(client, database, agent, body | {"bundle_hash": "0" * 64}, 422)
    await good(await agent.submit(client, body | {"bundle_hash": hash.upper()}))


async def test_optional_members_may_be_null_and_unknown_ones_are_ignored(
    client: httpx.AsyncClient, agent: Agent
) -> None:
    body = agent.go_body(checks=None, summary=None)

    await good(
        await agent.submit(client, body | {"bundle_hash": None, "bundle_id": None, "new": [1]})
    )


async def check_in(client: httpx.AsyncClient, appliance: CastAppliance, key: str) -> None:
    answer = await client.post(
        "/api/appliances/checkin",
        json={"hostname": "vm", "agent_public_key": key},
        headers=appliance.credential.headers,
    )
    assert answer.status_code == 200, answer.text


async def test_a_later_key_waits_until_an_operator_approves_it_and_check_ins_go_on(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    old, new = Agent(cast.site), Agent(cast.site)
    await check_in(client, cast.appliance, old.public_key)
    await check_in(client, cast.appliance, new.public_key)
    await check_in(client, cast.appliance, new.public_key)
    assert "waits" in await refused(client, database, new, new.go_body(), 401)
    before = old.go_body()
    first = await good(await old.submit(client, before))
    listed = await good(await client.get(f"{KEYS}?state=waiting", headers=cast.viewer.headers))
    (item,) = listed["items"]
    assert (item["public_key"], item["site_id"], item["appliance_id"]) == (
        new.public_key,
        cast.site.slug,
        cast.appliance.wire_id,
    )
    alarms = await good(await client.get("/api/admin/alarms", headers=cast.viewer.headers))
    assert [each["kind"] for each in alarms["items"]].count("evidence_key") == 1

    approved = await client.post(
        f"{KEYS}/{item['id']}/approve", json={"reason": "New disk."}, headers=cast.admin.headers
    )

    assert (await good(approved))["state"] == "active"
    assert (await good(await new.submit(client)))["chain_position"] == 2
    assert "replaced" in await refused(client, database, old, old.go_body(), 401)
    # What the old key proved stays proven.
    assert await good(await old.submit(client, before)) == first
    again = await client.post(
        f"{KEYS}/{item['id']}/refuse", json={"reason": "No."}, headers=cast.admin.headers
    )
    assert again.status_code == 409


async def test_a_refused_key_never_counts(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    thief = await evidence.agent_of(database, cast.appliance)
    _, id = (await evidence.keys(database, cast.site))[thief.public_key]

    await good(
        await client.post(
            f"{KEYS}/{id}/refuse", json={"reason": "Nobody's."}, headers=cast.admin.headers
        )
    )

    assert "refused" in await refused(client, database, thief, thief.go_body(), 401)
    await good(await agent.submit(client))


async def test_the_old_key_can_vouch_for_the_new_one(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    new = await evidence.agent_of(database, cast.appliance)
    url = evidence.read_url(cast.site, "keys")
    text = f"flywheel-evidence-key-v1:{cast.site.slug}:{new.public_key}".encode()
    body = {"agent_public_key": new.public_key, "signature": new.sign(text)}

    own = await client.post(url, json=body, headers=cast.site.headers)
    other = body | {"signature": agent.sign(b"flywheel-evidence-key-v1:x")}
    wrong = await client.post(url, json=other, headers=cast.site.headers)
    assert (own.status_code, wrong.status_code) == (401, 401)
    good_body = body | {"signature": agent.sign(text)}
    await good(await client.post(url, json=good_body, headers=cast.site.headers))

    await good(await new.submit(client))
    await refused(client, database, agent, agent.go_body(), 401)


async def test_people_read_their_own_sites_evidence_in_pages_and_by_filters(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    for number in range(5):
        status = "pass" if number % 2 else "warn"
        await good(await agent.submit(client, agent.go_body(checks=[CHECK | {"status": status}])))
    readers = [
        cast.viewer.headers,
        cast.partners[0].credential.headers,
        cast.people["client viewer"].headers,
    ]
    for headers in readers:
        url, seen = evidence.read_url(cast.site, "bundles?limit=2"), []
        while True:
            page = await good(await client.get(url, headers=headers))
            seen += [item["position"] for item in page["items"]]
            if page["next"] is None:
                break
            url = evidence.read_url(cast.site, f"bundles?limit=2&next={page['next']}")
        assert seen == [5, 4, 3, 2, 1]

    async def positions(query: str) -> list[int]:
        page = await good(
            await client.get(evidence.read_url(cast.site, f"bundles?{query}"), headers=readers[0])
        )
        return [item["position"] for item in page["items"]]

    assert await positions("result=pass") == [4, 2]
    assert await positions("status=local") == [5, 4, 3, 2, 1]
    assert await positions("status=verified") == []
    assert await positions(f"appliance_id={cast.appliance.wire_id}") == [5, 4, 3, 2, 1]
    rows = await evidence.chain(database, cast.site)
    third = rows[2]["received_at"].isoformat().replace("+", "%2B")
    assert await positions(f"from={third}") == [5, 4, 3]
    assert await positions(f"to={third}") == [2, 1]
    foreign = await client.get(
        evidence.read_url(cast.site), headers=cast.partners[1].credential.headers
    )
    assert foreign.status_code == 404


async def test_one_bundle_comes_with_its_text_and_everything_that_proves_it(
    client: httpx.AsyncClient, cast: Cast, agent: Agent
) -> None:
    body = agent.go_body()
    made = await good(await agent.submit(client, body))

    url = evidence.read_url(cast.site, f"bundles/{made['bundle_id']}")
    found = await good(await client.get(url, headers=cast.viewer.headers))

    assert found["signed_data"] == body["signed_data"]
    assert (found["chain_hash"], found["signature"]) == (
        made["current_hash"],
        body["agent_signature"],
    )
    assert (found["path"], found["anchor"], found["ots_status"]) == (None, None, "local")
    head = await good(
        await client.get(evidence.read_url(cast.site, "chain"), headers=cast.viewer.headers)
    )
    assert (head["position"], head["chain_hash"]) == (1, made["current_hash"])


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2026-99-01T00:00:00Z", "next=x", "limit=0"]
)
async def test_a_filter_that_is_none_is_refused(
    client: httpx.AsyncClient, cast: Cast, query: str
) -> None:
    answer = await client.get(
        evidence.read_url(cast.site, f"bundles?{query}"), headers=cast.viewer.headers
    )

    assert answer.status_code == 422


async def test_an_export_of_nothing_is_not_found(client: httpx.AsyncClient, cast: Cast) -> None:
    answer = await client.get(evidence.read_url(cast.site, "export"), headers=cast.viewer.headers)

    assert answer.status_code == 404
