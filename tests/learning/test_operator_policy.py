import asyncio
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests.accounts.test_operator_accounts import entry, everything
from tests.cast import Cast, make_appliance

POLICY = "/api/admin/flywheel/policy"
WHY = "Nine organizations now."


@pytest.mark.parametrize(
    "body",
    [
        {"platform_min_organizations": 6, "reason": WHY},
        {"values": {"platform_min_organizations": 6}, "reason": WHY},
    ],
)
async def test_a_value_is_changed_with_a_reason_and_the_history_keeps_the_old_one(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, body: dict[str, Any]
) -> None:
    before = (await client.get(POLICY, headers=cast.viewer.headers)).json()
    answer = await client.put(POLICY, json=body, headers=cast.admin.headers)
    assert answer.status_code == 200, answer.text
    after = (await client.get(POLICY, headers=cast.viewer.headers)).json()
    assert after["values"] == before["values"] | {"platform_min_organizations": 6}
    assert (after["reason"], after["changed_by"]) == (WHY, cast.admin.email)
    assert [each["version"] for each in after["history"]["items"]] == [
        after["version"],
        before["version"],
    ]
    found = await entry(database, "policy.change")
    assert found["before"]["platform_min_organizations"] == 5
    assert found["after"]["platform_min_organizations"] == 6


async def test_two_changes_at_once_both_hold(client: httpx.AsyncClient, cast: Cast) -> None:
    wanted = {
        "platform_min_occurrences": 30,
        "site_min_occurrences": 8,
        "site_min_successes": 4,
        "site_max_age_days": 9,
    }
    answers = await asyncio.gather(
        *(
            client.put(POLICY, json={name: value, "reason": WHY}, headers=cast.admin.headers)
            for name, value in wanted.items()
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    after = (await client.get(POLICY, headers=cast.admin.headers)).json()["values"]
    assert {name: after[name] for name in wanted} == wanted


async def test_the_history_pages(client: httpx.AsyncClient, cast: Cast) -> None:
    for count in (30, 40):
        body = {"platform_min_occurrences": count, "reason": WHY}
        await client.put(POLICY, json=body, headers=cast.admin.headers)
    seen, following = [], None
    for _ in range(3):
        params = {"limit": "1"} | ({} if following is None else {"next": following})
        page = (await client.get(POLICY, params=params, headers=cast.admin.headers)).json()
        seen += [each["values"]["platform_min_occurrences"] for each in page["history"]["items"]]
        following = page["history"]["next"]
    assert seen == [40, 30, 20]
    assert following is None


IMPOSSIBLE: list[dict[str, Any]] = [
    {"platform_min_organizations": 6},
    {"platform_min_organizations": 6, "reason": ""},
    {"platform_min_organizations": 2, "reason": WHY},
    {"platform_min_success_rate": 90, "reason": WHY},
    {"platform_min_organizations": "6", "reason": WHY},
    {"platform_min_organizations": 6.5, "reason": WHY},
    {"platform_min_organizations": None, "reason": WHY},
    {"platform_min_organisations": 6, "reason": WHY},
    {"max_organization_share": 10**400, "reason": WHY},
    {"values": [], "reason": WHY},
    {"values": {"platform_min_organizations": 1}, "reason": WHY},
]


async def test_an_impossible_policy_is_refused(client: httpx.AsyncClient, cast: Cast) -> None:
    for body in IMPOSSIBLE:
        answer = await client.put(POLICY, json=body, headers=cast.admin.headers)
        assert answer.status_code == 422, (body, answer.text)


async def test_the_audit_is_newest_first_and_filtered(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await client.put(
        POLICY, json={"site_min_successes": 4, "reason": WHY}, headers=cast.admin.headers
    )
    whole = await everything(client, cast, "audit")
    assert [each["id"] for each in whole] == list(range(len(whole), 0, -1))
    assert whole[0]["action"] == "policy.change"
    mine = await everything(client, cast, "audit", actor=cast.admin.email)
    assert [each["action"] for each in mine] == ["policy.change", "session.open"]
    of_site = await everything(client, cast, "audit", site_id=cast.site.slug)
    assert {each["site_id"] for each in of_site} == {str(cast.site.id)}
    created = await everything(client, cast, "audit", object_id=str(cast.site.id))
    assert [each["action"] for each in created] == ["site.create"]


async def test_an_appliances_settings_are_pending_until_it_reports_them(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    elsewhere = await make_appliance(database, cast.foreign_site)
    params = {"site_id": elsewhere.site.slug}
    (shown,) = await everything(client, cast, "appliances", **params)
    assert shown["appliance_id"] == elsewhere.wire_id
    assert shown["site_id"] == elsewhere.site.slug
    assert shown["l2_mode"]["state"] == shown["rules_hash"]["state"] == "not reported"
    async with db.transaction(database, elsewhere.scope) as connection:
        await connection.execute(
            "UPDATE appliances SET reported_l2_mode = 'auto', desired_rules_hash = 'b',"
            " reported_rules_hash = 'a' WHERE id = $1",
            elsewhere.id,
        )
    (shown,) = await everything(client, cast, "appliances", **params)
    assert shown["l2_mode"]["state"] == "applied"
    assert shown["rules_hash"]["state"] == "pending"
    answer = await client.get(
        "/api/admin/appliances", params={"site_id": "nowhere"}, headers=cast.admin.headers
    )
    assert answer.status_code == 404
