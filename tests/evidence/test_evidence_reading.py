"""What people read of evidence: bundles in pages and by filters, one with what proves it."""

import httpx
import pytest

from flywheel_server.core import db
from tests import bundles
from tests.bundles import CHECK, Agent
from tests.cast import Cast


@pytest.fixture
async def agent(database: db.Database, cast: Cast) -> Agent:
    return await bundles.agent_of(database, cast.appliance)


async def test_people_read_their_own_sites_evidence_in_pages_and_by_filters(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    for number in range(5):
        status = "pass" if number % 2 else "warn"
        bundles.good(await agent.submit(client, agent.go_body(checks=[CHECK | {"status": status}])))
    readers = [
        cast.viewer.headers,
        cast.partners[0].credential.headers,
        cast.people["client viewer"].headers,
    ]
    for headers in readers:
        url, seen = bundles.read_url(cast.site, "bundles?limit=2"), []
        while True:
            page = bundles.good(await client.get(url, headers=headers))
            seen += [item["position"] for item in page["items"]]
            if page["next"] is None:
                break
            url = bundles.read_url(cast.site, f"bundles?limit=2&next={page['next']}")
        assert seen == [5, 4, 3, 2, 1]

    async def positions(query: str) -> list[int]:
        page = bundles.good(
            await client.get(bundles.read_url(cast.site, f"bundles?{query}"), headers=readers[0])
        )
        return [item["position"] for item in page["items"]]

    assert await positions("result=pass") == [4, 2]
    assert await positions("status=local") == [5, 4, 3, 2, 1]
    assert await positions("status=verified") == []
    assert await positions(f"appliance_id={cast.appliance.wire_id}") == [5, 4, 3, 2, 1]
    rows = await bundles.chain(database, cast.site)
    third = rows[2]["received_at"].isoformat().replace("+", "%2B")
    assert await positions(f"from={third}") == [5, 4, 3]
    assert await positions(f"to={third}") == [2, 1]
    foreign = await client.get(
        bundles.read_url(cast.site), headers=cast.partners[1].credential.headers
    )
    assert foreign.status_code == 404


async def test_one_bundle_comes_with_its_text_and_everything_that_proves_it(
    client: httpx.AsyncClient, cast: Cast, agent: Agent
) -> None:
    body = agent.go_body()
    made = bundles.good(await agent.submit(client, body))

    url = bundles.read_url(cast.site, f"bundles/{made['bundle_id']}")
    found = bundles.good(await client.get(url, headers=cast.viewer.headers))

    assert found["signed_data"] == body["signed_data"]
    assert (found["chain_hash"], found["signature"]) == (
        made["current_hash"],
        body["agent_signature"],
    )
    assert (found["path"], found["anchor"], found["ots_status"]) == (None, None, "local")
    head = bundles.good(
        await client.get(bundles.read_url(cast.site, "chain"), headers=cast.viewer.headers)
    )
    assert (head["position"], head["chain_hash"]) == (1, made["current_hash"])


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2026-99-01T00:00:00Z", "next=x", "limit=0"]
)
async def test_a_filter_that_is_none_is_refused(
    client: httpx.AsyncClient, cast: Cast, query: str
) -> None:
    answer = await client.get(
        bundles.read_url(cast.site, f"bundles?{query}"), headers=cast.viewer.headers
    )

    assert answer.status_code == 422


async def test_an_export_of_nothing_is_not_found(client: httpx.AsyncClient, cast: Cast) -> None:
    answer = await client.get(bundles.read_url(cast.site, "export"), headers=cast.viewer.headers)

    assert answer.status_code == 404
