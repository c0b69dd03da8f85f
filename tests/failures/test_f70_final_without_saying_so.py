"""F70: a delivery that no agent takes back was approved without a word of it.

Broken on purpose by ``withdraws=True`` for every agent in ``core/agents.py``.
"""

from typing import Any

import httpx
import pytest

from tests import candidates, deliveries as walk
from tests.cast import Cast, CastSite

WORDS = "Delivery is final on 1 appliance."
FINAL = [(walk.OLDER, True), (walk.NEWER, True), (walk.PYTHON, True), ("unheard-of", False)]


async def get(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, (path, answer.text)
    return answer


async def set_up(client: httpx.AsyncClient, cast: Cast, version: str) -> tuple[CastSite, str]:
    """Make a candidate of a site with full coverage, which has one appliance."""
    site = cast.neighbour
    await walk.check_in_with(client, site, "02:00:00:0A:00:01", version)
    (pattern_id,) = await candidates.make(client, cast, site, verification_passed=True)
    return site, pattern_id


@pytest.mark.parametrize(("version", "final"), FINAL)
async def test_f70_it_is_said_before_approving_by_whoever_decides(
    client: httpx.AsyncClient, cast: Cast, version: str, final: bool
) -> None:
    _, id = await set_up(client, cast, version)
    partner, organization = cast.session("partner technician"), cast.session("client admin")
    operator = cast.people["operator admin"].headers
    apis = [
        ("/api/partners/me/learning/candidates", partner),
        ("/api/client/promotion-candidates", organization),
        ("/api/admin/candidates", operator),
    ]
    for base, headers in apis:
        (item,) = (await get(client, base, headers)).json()["items"]
        shown = (await get(client, f"{base}/{id}", headers)).json()
        assert item["delivery_is_final"] is shown["delivery_is_final"] is final
        (note,) = shown["appliances"]
        assert (note["agent_version"], note["delivery_is_final"]) == (version, final)
        assert (note["remedy"] is not None) is final
    pages = [
        ("/partner/learning/candidates", partner),
        ("/client/candidates", organization),
        ("/operator/candidates", operator),
    ]
    for base, headers in pages:
        for path in (f"{base}/{id}", f"{base}/{id}/approve"):
            assert (WORDS in (await get(client, path, headers)).text) is final, path
    bulk = (await get(client, f"/partner/learning/bulk?do=approve&id={id}", partner)).text
    assert ("Delivery is final for 1 of 1." in bulk) is final


@pytest.mark.parametrize(("version", "final"), FINAL)
async def test_f70_it_is_said_with_the_approval_and_before_switching_off(
    client: httpx.AsyncClient, cast: Cast, version: str, final: bool
) -> None:
    site, id = await set_up(client, cast, version)
    headers = cast.partners[0].credential.headers
    foreseen = await client.post(
        "/api/partners/me/learning/candidates/bulk-approve",
        json={"pattern_ids": [id], "dry_run": True},
        headers=headers,
    )
    assert foreseen.json()["results"][0]["delivery_is_final"] is final
    approved = await client.post(
        f"/api/partners/me/learning/candidates/{id}/approve", json={}, headers=headers
    )
    assert approved.json()["delivery_is_final"] is final
    rule_id = approved.json()["rule_id"]
    await have(client, site, version)

    rules: list[Any] = (
        await get(client, "/api/partners/me/learning/promoted-rules", headers)
    ).json()["items"]
    (rule,) = [each for each in rules if each["rule_id"] == rule_id]
    assert rule["delivery_is_final"] is final
    seen = cast.session("partner technician")
    operator = cast.people["operator admin"].headers
    for path, who in (
        (f"/partner/learning/rules/{rule['id']}", seen),
        (f"/operator/rules/{rule['id']}", operator),
    ):
        assert (WORDS in (await get(client, path, who)).text) is final, path


async def have(client: httpx.AsyncClient, site: CastSite, version: str) -> None:
    """Let the site's only appliance get what it is to have."""
    await walk.turn(client)
    told = await walk.check_in_with(client, site, "02:00:00:0A:00:01", version)
    for order in told["pending_orders"]:
        answer = await client.post(
            f"/api/orders/{order['order_id']}/complete",
            json={"success": True, "result": {"status": "deployed"}},
            headers=site.headers,
        )
        assert answer.status_code == 200
    await client.get("/agent/sync", headers=site.headers)
    await walk.turn(client)
