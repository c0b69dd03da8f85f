"""A rule that is withdrawn, taken from a tenant, or has lost its evidence is an alarm with an end.

Broken on purpose: with what lasts left out of `review` a gate that opens ends nothing; with the
policy's thresholds alone every rule is told of once they rise; without `end_over` in `switch` an
alarm outlives its rule's return.
"""

import datetime as dt
from typing import Any

import httpx

from flywheel_server.core import db
from tests import attempts, candidates, cast as people, telemetry
from tests.cast import Cast, CastSite

Owner = Any
TYPE = "service_stopped"


async def _promoted(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, count: int = 6
) -> tuple[list[CastSite], dict[str, Any]]:
    sites = await people.make_organizations(database, count)
    for number, site in enumerate(sites):
        sent = [each | {"execution_id": f"e-{number}-{i}"} for i, each in enumerate(_heals(4))]
        await telemetry.send(client, site, sent)
    await telemetry.turn(client, cast.admin)
    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    return sites, rule


def _heals(count: int) -> list[dict[str, Any]]:
    return telemetry.executions(count)


async def _alarms(client: httpx.AsyncClient, headers: dict[str, str], path: str) -> list[Any]:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each.get("alarm_id")]


async def _of_admin(client: httpx.AsyncClient, cast: Cast) -> list[Any]:
    return await _alarms(client, cast.admin.headers, "/api/admin/alarms")


async def _post(
    client: httpx.AsyncClient, headers: dict[str, str], path: str, reason: str, status: int = 200
) -> Any:
    answer = await client.post(path, json={"reason": reason}, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def _contribute(database: db.Database, site: CastSite, *, wanted: bool) -> None:
    await candidates.rows(
        database,
        "UPDATE organizations SET contributes = $2, contributes_changed_at = clock_timestamp()"
        " WHERE id = $1 RETURNING id",
        site.organization_id,
        wanted,
    )


async def test_what_is_withdrawn_is_an_alarm_until_a_person_answers_or_switches_it_on(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    sites, rule = await _promoted(client, database, cast)
    await attempts.fail(owner, sites[:3], rule["rule_id"], TYPE)
    await telemetry.turn(client, cast.admin)

    (alarm,) = await _of_admin(client, cast)
    assert alarm["kind"] == "rule_withdrawn"
    assert "credibly below" in alarm["what"]
    path = f"/api/admin/rule-alarms/{alarm['alarm_id']}/answer"
    viewer = cast.people["operator viewer"]
    await _post(client, viewer.headers, path, "Looked.", status=403)
    said = await _post(client, cast.admin.headers, path, "The runbook is being mended.")
    assert said["answer"] == "The runbook is being mended."
    assert await _of_admin(client, cast) == []
    await _post(client, cast.admin.headers, path, "Again.", status=409)
    await telemetry.turn(client, cast.admin)
    assert await _of_admin(client, cast) == []

    # Once on again it is over; a second withdrawal is a matter of its own.
    enable = f"/api/admin/rules/{rule['id']}/enable"
    await _post(client, cast.admin.headers, enable, "Mended.")
    await attempts.fail(owner, sites[:3], rule["rule_id"], TYPE, 20)
    await telemetry.turn(client, cast.admin)
    (second,) = await _of_admin(client, cast)
    assert second["alarm_id"] != alarm["alarm_id"]
    await _post(client, cast.admin.headers, enable, "Mended.")
    assert await _of_admin(client, cast) == []


async def test_a_quarantine_is_listed_ended_by_an_operator_and_begins_with_new_failures_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    sites, rule = await _promoted(client, database, cast)
    await attempts.fail(owner, sites[:1], rule["rule_id"], TYPE, 12)
    await telemetry.turn(client, cast.admin)
    partner = await people.make_person(database, "owner", partner_id=sites[0].partner_id)

    for headers, path in (
        (cast.admin.headers, "/api/admin/alarms"),
        (partner.headers, "/api/partners/me/alarms"),
    ):
        assert [each["kind"] for each in await _alarms(client, headers, path)] == [
            "rule_quarantined"
        ]
    assert (
        await _alarms(client, cast.people["partner owner"].headers, "/api/partners/me/alarms") == []
    )
    (kept,) = await telemetry.items(client, cast.admin, "rule-exclusions?in_force=true")
    assert (kept["kind"], kept["ended_at"], kept["rule_id"]) == (
        "quarantined",
        None,
        rule["rule_id"],
    )
    assert kept["organization_id"] == str(sites[0].organization_id)
    end = f"/api/admin/rule-exclusions/{kept['id']}/end"
    await _post(client, partner.headers, end, "Please.", status=403)
    ended = await _post(client, cast.admin.headers, end, "Its proxy is mended.")
    assert ended["ended_by"] == cast.admin.email
    await _post(client, cast.admin.headers, end, "Again.", status=409)
    assert await _of_admin(client, cast) == []

    # What it was taken away for does not take it away again.
    for _ in range(2):
        await telemetry.turn(client, cast.admin)
    assert await telemetry.items(client, cast.admin, "rule-exclusions?in_force=true") == []
    await attempts.fail(owner, sites[:1], rule["rule_id"], TYPE, 12)
    await telemetry.turn(client, cast.admin)
    (again,) = await telemetry.items(client, cast.admin, "rule-exclusions?in_force=true")
    assert again["id"] != kept["id"]


async def test_what_a_tenant_declined_is_not_an_operators_to_give_back(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    rule = await candidates.make_platform_rule(database)
    path = f"/api/partners/me/learning/platform-rules/{rule.id}/decline"
    await _post(client, cast.people["partner owner"].headers, path, "Ours.")
    (kept,) = await telemetry.items(client, cast.admin, "rule-exclusions")
    end = f"/api/admin/rule-exclusions/{kept['id']}/end"
    await _post(client, cast.admin.headers, end, "Take it.", status=409)
    assert await _of_admin(client, cast) == []


async def test_evidence_that_leaves_marks_the_platforms_rule_until_it_is_kept_off_or_back(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    sites, rule = await _promoted(client, database, cast)
    await telemetry.turn(client, cast.admin)
    assert await _of_admin(client, cast) == []

    for site in sites[:2]:
        await _contribute(database, site, wanted=False)
    await telemetry.turn(client, cast.admin)

    (alarm,) = await _of_admin(client, cast)
    assert (alarm["kind"], alarm["rule_id"]) == ("rule_evidence_gone", rule["rule_id"])
    assert "4 of 5 organizations" in alarm["what"]
    (still,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert still["enabled"] is True
    told = await owner.fetch("SELECT partner_id FROM events WHERE kind = 'rule.evidence_gone'")
    assert [row["partner_id"] for row in told] == [None]

    # Kept with a reason, it is not told again while its gate stays shut.
    answer = f"/api/admin/rule-alarms/{alarm['alarm_id']}/answer"
    await _post(client, cast.admin.headers, answer, "It heals well.")
    await telemetry.turn(client, cast.admin)
    assert await _of_admin(client, cast) == []
    # Open again, then shut again, it is.
    await _contribute(database, sites[0], wanted=True)
    await telemetry.turn(client, cast.admin)
    await _contribute(database, sites[0], wanted=False)
    await telemetry.turn(client, cast.admin)
    (second,) = await _of_admin(client, cast)
    assert second["alarm_id"] != alarm["alarm_id"]
    # The gate that opens ends it without a person.
    await _contribute(database, sites[0], wanted=True)
    await telemetry.turn(client, cast.admin)
    assert await _of_admin(client, cast) == []
    await _contribute(database, sites[0], wanted=False)
    await telemetry.turn(client, cast.admin)
    assert len(await _of_admin(client, cast)) == 1
    # Switched off, there is nothing left to look at.
    await _post(client, cast.admin.headers, f"/api/admin/rules/{rule['id']}/disable", "Off.")
    assert await _of_admin(client, cast) == []


async def test_corrections_mark_a_rule_and_neither_age_nor_a_stricter_policy_does(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    sites, _ = await _promoted(client, database, cast)
    answer = await client.put(
        "/api/admin/flywheel/policy",
        json={"platform_min_organizations": 12, "site_min_occurrences": 90, "reason": "More."},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text
    long_ago = dt.timedelta(days=400)
    await owner.execute(
        "UPDATE platform_patterns SET last_evidence_at = now() - $1::interval", long_ago
    )
    await telemetry.turn(client, cast.admin)
    assert await _of_admin(client, cast) == []

    for number, site in enumerate(sites[:2]):
        wrong = telemetry.executions(4, failures=4)
        sent = [each | {"execution_id": f"e-{number}-{i}"} for i, each in enumerate(wrong)]
        await telemetry.send(client, site, sent)
    await telemetry.turn(client, cast.admin)

    (alarm,) = await _of_admin(client, cast)
    assert "16 of 24 succeeded" in alarm["what"]


async def test_a_sites_own_rule_is_its_peoples_to_look_at(
    client: httpx.AsyncClient, cast: Cast, owner: Owner
) -> None:
    site = cast.neighbour
    assert site.healing_tier == "full_coverage"
    sent = [each | {"execution_id": f"own-{i}"} for i, each in enumerate(telemetry.executions(8))]
    await telemetry.send(client, site, sent)
    await telemetry.turn(client, cast.admin)
    admin = cast.people["client admin"]
    (row,) = await owner.fetch("SELECT id FROM patterns WHERE state = 'eligible'")
    done = await client.post(
        f"/api/client/promotion-candidates/{row['id']}/approve", json={}, headers=admin.headers
    )
    assert done.status_code == 200, done.text
    await telemetry.turn(client, cast.admin)
    partner = cast.people["partner technician"]
    assert await _alarms(client, partner.headers, "/api/partners/me/alarms") == []

    wrong = [
        each | {"execution_id": f"own-{i}"}
        for i, each in enumerate(telemetry.executions(6, failures=6))
    ]
    await telemetry.send(client, site, wrong)
    await telemetry.turn(client, cast.admin)

    # Its partner and its own people see it; operators have the platform's to look at.
    assert await _of_admin(client, cast) == []
    foreign = cast.foreign_session("partner owner")
    assert await _alarms(client, foreign, "/api/partners/me/alarms") == []
    (alarm,) = await _alarms(client, partner.headers, "/api/partners/me/alarms")
    assert alarm["kind"] == "rule_evidence_gone"
    for headers, root in (
        (foreign, "/api/partners/me"),
        (cast.foreign_session("client admin"), "/api/client"),
    ):
        path = f"{root}/rule-alarms/{alarm['alarm_id']}/answer"
        await _post(client, headers, path, "Mine?", status=404)
    listed = await client.get("/api/client/rules?source=promoted", headers=admin.headers)
    assert [each["kind"] for each in listed.json()["items"][0]["alarms"]] == ["evidence_gone"]
    path = f"/api/client/rule-alarms/{alarm['alarm_id']}/answer"
    await _post(client, admin.headers, path, "We know why.")
    assert await _alarms(client, partner.headers, "/api/partners/me/alarms") == []
    entries = await owner.fetch(
        "SELECT action, organization_id FROM audit_entries ORDER BY id DESC"
    )
    assert (entries[0]["action"], entries[0]["organization_id"]) == (
        "rule.keep",
        site.organization_id,
    )
