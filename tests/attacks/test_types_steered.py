"""A type that is taken for another, or that a built-in rule heals otherwise, asks a person.

Broken on purpose by `lookalike_key` returning its argument: all but the first case of the third
fail; by leaving the ids out of `pair_doubts`: the second; by leaving its built-in rules out: that
case.
"""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import cast as people, telemetry
from tests.cast import Cast, CastSite

HONEST = "zz_disk_full"
# Case; a blank, also at the end; other separators; a digit and a capital; two letters for one.
TAKEN_FOR = ("ZZ_Disk_Full", "zz disk full ", "zz-disk.full", "zz_d1sk_fuII")
# Beyond ASCII nothing becomes a rule; that it looks like another is said all the same.
FOREIGN = ("zz_d\u0456sk_full", "zz_disk_f\u00fall", "zz_disk\u200b_full", "\uff5az_disk_full")
OTHER = "RB-WIN-SVC-004"


async def test_types_that_are_taken_for_another_wait_for_an_operator(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await _heal(client, await people.make_organizations(database, 5), HONEST)
    await telemetry.turn(client, cast.admin)
    attackers = await people.make_organizations(database, 5)
    for name in (*TAKEN_FOR, *FOREIGN):
        await _heal(client, attackers, name, OTHER)
    await telemetry.turn(client, cast.admin)

    assert await _promoted(client, cast) == {HONEST}
    found = {each["incident_type"]: each for each in await _patterns(client, cast)}
    assert found[HONEST]["failing"] == ["not_promoted"]
    for name in TAKEN_FOR:
        kept = next(each for each in found if each.rstrip() == name.rstrip())
        assert found[kept]["failing"] == ["no_look_alike"]
    for name in FOREIGN:
        kept = next(each for each in found if each == name)
        assert found[kept]["failing"] == ["incident_type_expressible", "no_look_alike"]
    (alarm,) = await _alarms(client, cast)
    assert f"Of {len(TAKEN_FOR)} platform patterns" in alarm["what"]
    doubtful = found[TAKEN_FOR[0]]
    page = await client.get(f"/operator/learning/{doubtful['id']}", headers=cast.admin.headers)
    assert f"easily taken for {HONEST}, which was known before" in page.text

    # An operator may know better, and says why; whoever only looks does not.
    path = f"/api/admin/platform-patterns/{doubtful['id']}/approve"
    why = {"reason": "An older agent names it so."}
    refused = await client.post(path, json=why, headers=cast.viewer.headers)
    assert refused.status_code == 403
    approved = await client.post(path, json=why, headers=cast.admin.headers)
    assert (approved.status_code, approved.json()["failing"]) == (200, [])
    again = await client.post(path, json=why, headers=cast.admin.headers)
    assert again.status_code == 409
    needless = f"/api/admin/platform-patterns/{found[HONEST]['id']}/approve"
    assert (await client.post(needless, json=why, headers=cast.admin.headers)).status_code == 409
    await telemetry.turn(client, cast.admin)
    assert await _promoted(client, cast) == {HONEST, TAKEN_FOR[0]}


async def test_a_type_that_comes_later_takes_nothing_from_the_one_before(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    fleet = await people.make_organizations(database, 5)
    await _heal(client, fleet[:1], HONEST)
    await telemetry.turn(client, cast.admin)
    await _heal(client, await people.make_organizations(database, 5), HONEST.upper(), OTHER)
    await telemetry.turn(client, cast.admin)

    await _heal(client, fleet[1:], HONEST)
    await telemetry.turn(client, cast.admin)

    assert await _promoted(client, cast) == {HONEST}


@pytest.mark.parametrize(
    ("incident_type", "gate"),
    [("bitlocker_status", "no_other_built_in"), ("Bitlocker_Status", "no_look_alike")],
)
async def test_what_a_built_in_rule_heals_waits_for_an_operator(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, incident_type: str, gate: str
) -> None:
    sites = await people.make_organizations(database, 5)
    await _heal(client, sites, incident_type, "RB-WIN-SEC-001")
    # By the very runbook, and what no built-in rule is for, becomes a rule as ever.
    await _heal(client, sites, "bitlocker_status", "RB-WIN-SEC-005")
    await _heal(client, sites, HONEST)

    await telemetry.turn(client, cast.admin)

    rules = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert {(each["incident_type"], each["runbook_id"]) for each in rules} == {
        ("bitlocker_status", "RB-WIN-SEC-005"),
        (HONEST, telemetry.execution()["runbook_id"]),
    }
    (waits,) = [
        each for each in await _patterns(client, cast) if each["runbook_id"] == "RB-WIN-SEC-001"
    ]
    assert waits["failing"] == [gate]
    form = {"reason": "It turns the firewall on first."}
    answer = await client.post(
        f"/operator/learning/{waits['id']}/approve", data=form, headers=cast.admin.headers
    )
    assert answer.status_code == 303
    await telemetry.turn(client, cast.admin)
    assert incident_type in await _promoted(client, cast)
    assert await _alarms(client, cast) == []


async def test_a_site_s_own_people_are_warned_of_their_own_types_alone(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await _heal(client, [cast.foreign_site], "zz_Theirs")
    await _heal(client, [cast.site], "zz_theirs", count=6)
    await _heal(client, [cast.site], "zz_disk full", count=6)
    await _heal(client, [cast.site], HONEST, count=6)
    await telemetry.turn(client, cast.admin)

    root = "/api/partners/me/learning/candidates"
    reader = cast.people["partner owner"]
    listed = (await client.get(root, headers=reader.headers)).json()["items"]
    said = {}
    for each in listed:
        shown = (await client.get(f"{root}/{each['id']}", headers=reader.headers)).json()
        (warned,) = [one for one in shown["warnings"] if one["name"] == "no_look_alike"]
        said[each["incident_type"]] = warned["value"]
    assert said == {"zz_theirs": None, "zz_disk full": HONEST, HONEST: "zz_disk full"}


async def _heal(
    client: httpx.AsyncClient,
    sites: list[CastSite],
    incident_type: str,
    runbook_id: str = "RB-WIN-SVC-003",
    *,
    count: int = 4,
) -> None:
    for site in sites:
        items = telemetry.executions(count, incident_type=incident_type, runbook_id=runbook_id)
        assert (await telemetry.send(client, site, items))["refused"] == 0


async def _promoted(client: httpx.AsyncClient, cast: Cast) -> set[str]:
    rules = await telemetry.items(client, cast.admin, "rules?source=platform")
    return {each["incident_type"] for each in rules}


async def _patterns(client: httpx.AsyncClient, cast: Cast) -> list[Any]:
    return await telemetry.items(client, cast.admin, "platform-patterns?limit=100")


async def _alarms(client: httpx.AsyncClient, cast: Cast) -> list[Any]:
    answer = await client.get("/api/admin/alarms", headers=cast.viewer.headers)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["kind"] == "platform_rules_ask"]
