from typing import Any

import httpx

from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.store import rules
from tests.accounts.test_operator_accounts import entry, everything
from tests.cast import STAGE, Cast, CastSite

REASON = {"reason": "Restarts a service that must stay stopped."}
LOOP = LoopScope(reason="a test writes what the loop would")


async def make_rule(
    database: db.Database,
    *,
    site: CastSite | None = None,
    runbook_id: str = "RB-WIN-SEC-001",
    generation: int = 1,
) -> domain.Rule:
    """Store a learnt rule of a site or, without one, of the platform."""
    rule = domain.learnt(
        source="platform" if site is None else "promoted",
        scope="platform" if site is None else "site",
        scope_id=None if site is None else site.id,
        incident_type="firewall_status",
        runbook_id=runbook_id,
        platform="windows",
        generation=generation,
    )
    async with db.transaction(database, STAGE) as connection:
        return await rules.insert(connection, rule)


async def post(
    client: httpx.AsyncClient, cast: Cast, ref: object, verb: str, body: Any = None
) -> httpx.Response:
    return await client.post(
        f"/api/admin/rules/{ref}/{verb}", json=body or REASON, headers=cast.admin.headers
    )


async def test_a_rule_without_attempts_shows_no_rate(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await make_rule(database)
    shown = await client.get(f"/api/admin/rules/{rule.id}", headers=cast.viewer.headers)
    assert shown.json()["success"] == {"successes": 0, "attempts": 0}
    assert shown.json()["success_rate"] is None
    async with db.transaction(database, LOOP) as connection:
        await connection.execute(
            "UPDATE l1_rules SET match_count = 4, success_count = 3, failure_count = 1"
            " WHERE id = $1",
            rule.id,
        )
    shown = await client.get(f"/api/admin/rules/{rule.rule_id}", headers=cast.viewer.headers)
    assert shown.json()["success"] == {"successes": 3, "attempts": 4}
    assert shown.json()["success_rate"] == 0.75
    assert shown.json()["incident_type"] == "firewall_status"
    assert shown.json()["runbook_id"] == "RB-WIN-SEC-001"


async def test_rules_are_filtered(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await make_rule(database)
    platform = await everything(client, cast, "rules", source="platform")
    assert [each["id"] for each in platform] == [str(rule.id)]
    assert await everything(client, cast, "rules", source="platform", enabled="false") == []
    await post(client, cast, rule.id, "disable")
    assert len(await everything(client, cast, "rules", enabled="false")) == 1
    typed = await everything(client, cast, "rules", incident_type="firewall_status")
    assert str(rule.id) in {each["id"] for each in typed}
    assert {each["incident_type"] for each in typed} == {"firewall_status"}
    for wrong in ({"source": "nowhere"}, {"enabled": "perhaps"}):
        answer = await client.get("/api/admin/rules", params=wrong, headers=cast.admin.headers)
        assert answer.status_code == 422


async def test_a_rule_is_disabled_and_enabled_with_a_reason_and_an_entry_each(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await make_rule(database, site=cast.site)
    disabled = await post(client, cast, rule.id, "disable")
    assert disabled.status_code == 200
    assert disabled.json()["enabled"] is False
    assert disabled.json()["disabled_reason"] == REASON["reason"]
    found = await entry(database, "rule.disable")
    assert (found["before"]["enabled"], found["after"]["enabled"]) == (True, False)
    assert found["after"]["reason"] == REASON["reason"]
    assert found["site_id"] == cast.site.id
    assert found["organization_id"] == cast.site.organization_id
    assert found["partner_id"] == cast.site.partner_id
    enabled = await post(client, cast, rule.id, "enable")
    assert enabled.json()["enabled"] is True
    assert enabled.json()["disabled_reason"] is None
    assert (await entry(database, "rule.enable"))["after"]["enabled"] is True


async def test_disabling_a_disabled_rule_changes_nothing(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await make_rule(database)
    first = await post(client, cast, rule.id, "disable")
    second = await post(client, cast, rule.id, "disable", {"reason": "Again."})
    assert second.status_code == 200
    assert second.json() == first.json()
    assert len(await everything(client, cast, "audit", action="rule.disable")) == 1


async def test_a_disabled_rule_leaves_the_served_set_at_once(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await make_rule(database)

    async def served() -> set[str]:
        answer = await client.get("/agent/sync", headers=cast.site.headers)
        return {each["id"] for each in answer.json()["rules"]}

    assert rule.rule_id in await served()
    await post(client, cast, rule.id, "disable")
    assert rule.rule_id not in await served()
    await post(client, cast, rule.id, "enable")
    assert rule.rule_id in await served()


async def test_a_reason_is_needed(client: httpx.AsyncClient, cast: Cast) -> None:
    for verb in ("disable", "enable"):
        for body in ({}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 2_001}):
            answer = await client.post(
                f"/api/admin/rules/L1-FIREWALL-002/{verb}", json=body, headers=cast.admin.headers
            )
            assert answer.status_code == 422, (verb, body)


async def test_a_person_may_take_a_withdrawal_back(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await make_rule(database)
    await withdraw(database, rule)
    answer = await post(client, cast, rule.id, "enable")
    assert answer.status_code == 200
    assert answer.json()["enabled"] is True
    assert answer.json()["withdrawn_at"] is None
    assert (await entry(database, "rule.enable"))["before"]["withdrawn_at"] is not None


async def test_a_withdrawn_rule_with_a_living_successor_stays_withdrawn(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await make_rule(database)
    await withdraw(database, rule)
    await make_rule(database, generation=2)
    answer = await post(client, cast, rule.id, "enable")
    assert answer.status_code == 409
    assert "newer" in answer.json()["detail"]


async def test_an_id_of_several_scopes_is_answered_with_their_ids(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    made = []
    for scope_id in (cast.site.id, cast.foreign_site.id):
        rule = domain.NewRule(
            rule_id="L1-SHARED-001",
            source="custom",
            scope="site",
            scope_id=scope_id,
            incident_type="disk_space",
            runbook_id=None,
            name="Shared",
            description="",
            conditions=domain.conditions_for("disk_space"),
            action="escalate",
            action_params={},
            priority=50,
        )
        async with db.transaction(database, STAGE) as connection:
            made.append(str((await rules.insert(connection, rule)).id))
    answer = await client.get("/api/admin/rules/L1-SHARED-001", headers=cast.admin.headers)
    assert answer.status_code == 409
    assert answer.json()["ids"] == made
    one = await client.get(f"/api/admin/rules/{made[1]}", headers=cast.admin.headers)
    assert one.json()["scope_id"] == str(cast.foreign_site.id)


async def test_a_compiled_rule_cannot_be_switched_from_here(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    answer = await post(client, cast, "L1-FW-002", "disable")
    assert answer.status_code == 409
    assert "compiled" in answer.json()["detail"]


async def withdraw(database: db.Database, rule: domain.Rule) -> None:
    async with db.transaction(database, LOOP) as connection:
        await connection.execute(
            "UPDATE l1_rules SET enabled = false, withdrawn_at = $2, disabled_reason = 'fails'"
            " WHERE id = $1",
            rule.id,
            clock.now(),
        )
