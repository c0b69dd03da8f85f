"""A tenant declines a platform rule for its own sites alone, and takes that back.

Broken on purpose: with any site's coverage for every site's, the client of a shared organization
declines; with a decline that looks at no tenant, the other partner's sites lose the rule.
"""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.rules.actions import rule_orders
from tests import candidates, cast as people, ordering
from tests.cast import Cast, CastPerson, CastSite

PARTNER = "/api/partners/me/learning/platform-rules"
CLIENT = "/api/client/rules"
REASON = "We restart it ourselves."


@pytest.fixture
async def rule_id(database: db.Database) -> str:
    return (await candidates.make_platform_rule(database)).rule_id


async def _post(
    client: httpx.AsyncClient, person: CastPerson, path: str, body: Any = None, status: int = 200
) -> Any:
    answer = await client.post(path, json=body, headers=person.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def _served(client: httpx.AsyncClient, site: CastSite) -> set[str]:
    answer = await client.get("/agent/sync", headers=site.headers)
    assert answer.status_code == 200, answer.text
    return {rule["id"] for rule in answer.json()["rules"]}


async def test_a_partner_declines_for_all_of_its_sites_and_for_no_other(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, rule_id: str
) -> None:
    own = [site for site in cast.sites if site.partner_id == cast.partners[0].id]
    others = [site for site in cast.sites if site not in own] + [cast.stranger]
    for site in [*own, *others]:
        assert rule_id in await _served(client, site)
    owner = cast.people["partner owner"]

    said = await _post(client, owner, f"{PARTNER}/{rule_id}/decline", {"reason": REASON})

    assert [each["reason"] for each in said["taken"]] == [REASON]
    for site in own:
        assert rule_id not in await _served(client, site)
    for site in others:
        assert rule_id in await _served(client, site)
    # The other partner and its clients read nothing of it; the partner's own client does.
    foreign = await client.get(PARTNER, headers=cast.foreign_session("partner owner"))
    assert [rule["taken"] for rule in foreign.json()["items"]] == [[]]
    (seen,) = (
        await client.get(f"{CLIENT}?source=platform", headers=cast.people["client viewer"].headers)
    ).json()["items"]
    assert (seen["taken"][0]["whose"], seen["taken"][0]["kind"]) == ("partner", "declined")

    again = await _post(client, owner, f"{PARTNER}/{rule_id}/decline", {"reason": "Again."})
    assert [each["reason"] for each in again["taken"]] == [REASON]
    # What a stranger never declined is not theirs to take back.
    stranger = cast.foreign_people["partner owner"]
    await _post(client, stranger, f"{PARTNER}/{rule_id}/accept", status=404)
    back = await _post(client, owner, f"{PARTNER}/{rule_id}/accept")
    assert back["taken"] == []
    for site in own:
        assert rule_id in await _served(client, site)
    audit = await candidates.rows(
        database,
        "SELECT action, partner_id FROM audit_entries WHERE object_kind = 'rule' ORDER BY id",
    )
    assert [(each["action"], each["partner_id"]) for each in audit] == [
        ("rule.declined", cast.partners[0].id),
        ("rule.include", cast.partners[0].id),
    ]
    told = await candidates.rows(
        database, "SELECT kind, partner_id, data ->> 'reason' AS reason FROM events ORDER BY id"
    )
    assert [(each["kind"], each["partner_id"], each["reason"]) for each in told] == [
        ("rule.declined", cast.partners[0].id, REASON),
        ("rule.returned", cast.partners[0].id, REASON),
    ]


async def test_a_client_declines_where_it_decides_at_every_site(
    client: httpx.AsyncClient, cast: Cast, rule_id: str
) -> None:
    admin = cast.people["client admin"]
    shared = cast.partners[0].organizations[0]
    # One of its sites is the partner's to decide at.
    refused = await _post(
        client, admin, f"{CLIENT}/{rule_id}/decline", {"reason": REASON}, status=403
    )
    assert "ask your partner" in refused["detail"]
    answer = await client.patch(
        f"/api/admin/sites/{shared.standard.slug}",
        json={"healing_tier": "full_coverage"},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200

    await _post(client, admin, f"{CLIENT}/{rule_id}/decline", {"reason": REASON})

    for site in (shared.standard, shared.full_coverage):
        assert rule_id not in await _served(client, site)
    for site in (cast.partners[0].organizations[1].standard, cast.foreign_site):
        assert rule_id in await _served(client, site)
    # Its partner sees it and cannot take it back in its place, nor the client the partner's.
    owner = cast.people["partner owner"]
    (seen,) = (await client.get(PARTNER, headers=owner.headers)).json()["items"]
    assert seen["taken"][0]["organization"] == "North IT client 1"
    await _post(client, owner, f"{PARTNER}/{rule_id}/accept", status=404)
    await _post(client, owner, f"{PARTNER}/{rule_id}/decline", {"reason": "Ours."})
    left = await _post(client, admin, f"{CLIENT}/{rule_id}/accept")
    assert [each["whose"] for each in left["taken"]] == ["partner"]
    await _post(client, admin, f"{CLIENT}/{rule_id}/accept", status=404)
    assert rule_id not in await _served(client, shared.standard)


async def test_only_people_who_may_decide_decline_and_only_platform_rules(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, rule_id: str
) -> None:
    own = await candidates.make_promoted_rule(database, cast.site)
    owner = cast.people["partner owner"]
    body = {"reason": REASON}
    for other in (own, "L1-FIREWALL-002", "no-such-rule"):
        await _post(client, owner, f"{PARTNER}/{other}/decline", body, status=404)
    await _post(client, owner, f"{PARTNER}/{rule_id}/decline", {"reason": " "}, status=422)
    viewer = cast.people["partner viewer"]
    await _post(client, viewer, f"{PARTNER}/{rule_id}/decline", body, status=403)
    await _post(
        client, cast.people["client viewer"], f"{CLIENT}/{rule_id}/decline", body, status=403
    )


async def test_an_order_on_its_way_is_taken_back_at_the_tenants_sites_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    rule = await candidates.make_platform_rule(database)
    elsewhere = await people.make_appliance(database, cast.foreign_site)
    ids = [
        (await ordering.issue(database, one, rule_orders.rule_draft(rule))).id
        for one in (cast.appliance, elsewhere)
    ]
    owner = cast.people["partner owner"]
    await _post(client, owner, f"{PARTNER}/{rule.rule_id}/decline", {"reason": REASON})
    states = await candidates.rows(
        database, "SELECT id, state FROM orders WHERE id = ANY ($1)", ids
    )
    assert {each["id"]: each["state"] for each in states} == {
        ids[0]: "cancelled",
        ids[1]: "pending",
    }
