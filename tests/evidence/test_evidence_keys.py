"""An appliance's second evidence key: who lets it count, and until when the first one does."""

import httpx
import pytest

from flywheel_server.core import db
from tests import bundles
from tests.bundles import Agent
from tests.cast import Cast, CastAppliance

KEYS = "/api/admin/evidence/keys"


@pytest.fixture
async def agent(database: db.Database, cast: Cast) -> Agent:
    return await bundles.agent_of(database, cast.appliance)


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
    early = bundles.good(await new.submit(client))
    assert (early["ots_status"], early["chain_position"]) == ("waiting", 0)
    before = old.go_body()
    first = bundles.good(await old.submit(client, before))
    listed = bundles.good(await client.get(f"{KEYS}?state=waiting", headers=cast.viewer.headers))
    (item,) = listed["items"]
    assert (item["public_key"], item["site_id"], item["appliance_id"]) == (
        new.public_key,
        cast.site.slug,
        cast.appliance.wire_id,
    )
    alarms = bundles.good(await client.get("/api/admin/alarms", headers=cast.viewer.headers))
    assert [each["kind"] for each in alarms["items"]].count("evidence_key") == 1

    approved = await client.post(
        f"{KEYS}/{item['id']}/approve", json={"reason": "New disk."}, headers=cast.admin.headers
    )

    assert (bundles.good(approved))["state"] == "active"
    # Behind the one that waited for it.
    assert (bundles.good(await new.submit(client)))["chain_position"] == 3
    assert "replaced" in await bundles.refused(client, database, old, old.go_body(), 401)
    # What the old key proved stays proven.
    assert bundles.good(await old.submit(client, before)) == first
    again = await client.post(
        f"{KEYS}/{item['id']}/refuse", json={"reason": "No."}, headers=cast.admin.headers
    )
    assert again.status_code == 409


async def test_a_refused_key_never_counts(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    thief = await bundles.agent_of(database, cast.appliance)
    _, id = (await bundles.keys(database, cast.site))[thief.public_key]

    bundles.good(
        await client.post(
            f"{KEYS}/{id}/refuse", json={"reason": "Nobody's."}, headers=cast.admin.headers
        )
    )

    assert "refused" in await bundles.refused(client, database, thief, thief.go_body(), 401)
    bundles.good(await agent.submit(client))


async def test_the_old_key_can_vouch_for_the_new_one(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    new = await bundles.agent_of(database, cast.appliance)
    url = bundles.read_url(cast.site, "keys")
    text = f"flywheel-evidence-key-v1:{cast.site.slug}:{new.public_key}".encode()
    body = {"agent_public_key": new.public_key, "signature": new.sign(text)}

    own = await client.post(url, json=body, headers=cast.site.headers)
    other = body | {"signature": agent.sign(b"flywheel-evidence-key-v1:x")}
    wrong = await client.post(url, json=other, headers=cast.site.headers)
    assert (own.status_code, wrong.status_code) == (401, 401)
    good_body = body | {"signature": agent.sign(text)}
    bundles.good(await client.post(url, json=good_body, headers=cast.site.headers))

    bundles.good(await new.submit(client))
    await bundles.refused(client, database, agent, agent.go_body(), 401)
