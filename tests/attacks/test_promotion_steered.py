"""What the policy may look at beside its numbers: each keeps one tenant from promoting for all.

All are off by default, and then shut nothing. Broken on purpose: by `spread.heard(1)` in
`promotions._weigh`, by `once = False` there, by `_partners` and `_unproven` returning `()`, and by
`since` without the policy's age in `spreads.of_pair`: each fails the case of its name.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from tests import cast as people, telemetry
from tests.cast import Cast, CastSite

STEERED, HONEST = "zz_steered", "zz_honest"
Sends = Callable[[httpx.AsyncClient, list[CastSite]], Awaitable[None]]


async def _many_invented(client: httpx.AsyncClient, sites: list[CastSite]) -> None:
    await _send(client, sites[0], telemetry.executions(20, incident_type=STEERED))
    for site in sites[1:5]:
        await _send(client, site, telemetry.executions(1, incident_type=STEERED))


async def _one_incident_again_and_again(client: httpx.AsyncClient, sites: list[CastSite]) -> None:
    for site in sites[:5]:
        again = telemetry.executions(6, incident_type=STEERED, incident_id="drift-again")
        await _send(client, site, again)


async def _one_partner(client: httpx.AsyncClient, sites: list[CastSite]) -> None:
    for site in sites[:5]:
        await _send(client, site, telemetry.executions(4, incident_type=STEERED))


async def _failures_that_were_not_attempted(
    client: httpx.AsyncClient, sites: list[CastSite]
) -> None:
    unreachable = {"error_category": "network_error", "success": False}
    for site in sites[:5]:
        await _send(client, site, telemetry.executions(4, incident_type=STEERED))
        lost = telemetry.executions(6, failures=6, incident_type=STEERED, **unreachable)
        await _send(client, site, lost)


CASES = {
    "organization_min_incidents": (2, _many_invented, "organizations"),
    "count_incidents": (True, _one_incident_again_and_again, "occurrences"),
    "platform_min_partners": (2, _one_partner, "partners"),
    "max_unproven_share": (0.5, _failures_that_were_not_attempted, "unproven_share"),
}


@pytest.mark.parametrize("name", CASES)
async def test_one_tenant_does_not_promote_and_the_honest_fleet_beside_it_does(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, name: str
) -> None:
    value, attack, gate = CASES[name]
    await _change(client, cast, {name: value})
    await attack(client, await people.make_organizations(database, 6))
    await _honest(client, database)

    await telemetry.turn(client, cast.admin)

    assert await _promoted(client, cast) == {HONEST}
    (listed,) = await telemetry.items(
        client, cast.admin, f"platform-patterns?incident_type={STEERED}"
    )
    shown = await _pattern(client, cast, STEERED)
    assert listed["failing"] == shown["failing"] == [gate]
    assert name not in {each["name"] for each in shown["warnings"]}
    # The same evidence under the policy that the server ships with.
    await _change(client, cast, {name: {True: False, 2: 1, 0.5: 1.0}[value]})
    await telemetry.turn(client, cast.admin)
    assert await _promoted(client, cast) == {HONEST, STEERED}


@pytest.mark.parametrize("name", CASES)
async def test_a_figure_is_a_warning_while_nothing_asks_for_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, name: str
) -> None:
    _, attack, _ = CASES[name]
    await attack(client, await people.make_organizations(database, 6))
    await _honest(client, database)
    await telemetry.turn(client, cast.admin)

    assert await _promoted(client, cast) == {HONEST, STEERED}
    for kind, warned in ((STEERED, True), (HONEST, False)):
        shown = await _pattern(client, cast, kind)
        found = {each["name"]: each["passed"] for each in shown["warnings"]}
        assert set(found) == {*CASES, "platform_max_age_days"}
        assert found[name] is not warned
        page = await client.get(f"/operator/learning/{shown['id']}", headers=cast.admin.headers)
        assert shown["spread"] in page.text
        for each in shown["warnings"]:
            assert each["explanation"] in page.text


async def test_what_is_old_does_not_count_where_the_policy_says_so(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await _change(client, cast, {"platform_max_age_days": 30, "platform_min_organizations": 6})
    sites = await people.make_organizations(database, 6)
    await _one_partner(client, sites)
    await telemetry.turn(client, cast.admin)
    later = clock.now() + dt.timedelta(days=40)
    await _change(client, cast, {"platform_min_organizations": 5})
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: later)
        shown = await _pattern(client, cast, STEERED)
    assert shown["failing"] == ["organizations", "occurrences", "success_rate"]
    assert shown["spread"] == "No execution that counts is kept."

    await telemetry.turn(client, cast.admin)
    assert await _promoted(client, cast) == {STEERED}


async def test_the_spread_is_told_in_a_sentence_and_follows_corrections_and_opt_outs(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Any
) -> None:
    sites = await people.make_organizations(database, 5)
    again = telemetry.executions(12, incident_type=STEERED, incident_id="drift-again")
    await _send(client, sites[0], again)
    await _send(client, sites[0], telemetry.executions(8, incident_type=STEERED))
    for site in sites[1:]:
        await _send(client, site, telemetry.executions(1, incident_type=STEERED))
    await telemetry.turn(client, cast.admin)
    assert (await _pattern(client, cast, STEERED))["spread"] == (
        "20 of 24 from one of 5 organizations, all of one partner, for 13 incidents, one of them "
        "repeated 12 times."
    )

    # Two of the twelve were for another incident, and one was never tried.
    corrected = [each | {"incident_id": "drift-other"} for each in again[:2]]
    corrected.append(again[2] | {"success": False, "error_category": "no_credentials"})
    await _send(client, sites[0], corrected)
    await owner.execute(
        "UPDATE organizations SET contributes = false, contributes_changed_at = now()"
        " WHERE id = $1",
        sites[4].organization_id,
    )
    # Not before the turn has folded it: the figures are of one moment.
    assert "20 of 23 from one of 4" in (await _pattern(client, cast, STEERED))["spread"]
    await telemetry.turn(client, cast.admin)

    shown = await _pattern(client, cast, STEERED)
    assert shown["spread"] == (
        "19 of 22 from one of 4 organizations, all of one partner, for 13 incidents, one of them "
        "repeated 9 times."
    )
    assert (shown["since"]["occurrences"], shown["largest_organization"]) == (22, 19)


async def test_a_candidates_page_tells_how_its_own_evidence_is_spread(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    again = telemetry.executions(4, incident_id="drift-again")
    await _send(client, cast.site, [*again, *telemetry.executions(2)])
    await _send(
        client,
        cast.site,
        telemetry.executions(7, failures=7, error_category="no_credentials"),
    )
    await telemetry.turn(client, cast.admin)
    root = "/api/partners/me/learning/candidates"
    reader = cast.people["partner owner"]
    (listed,) = (await client.get(root, headers=reader.headers)).json()["items"]

    shown = (await client.get(f"{root}/{listed['id']}", headers=reader.headers)).json()

    assert shown["spread"] == ("6 of 6 healed, for 3 incidents, one of them repeated 4 times.")
    assert {each["name"]: each["passed"] for each in shown["warnings"]} == {
        "count_incidents": False,
        "platform_max_age_days": True,
        "max_unproven_share": False,
        "no_look_alike": True,
    }
    page = await client.get(f"/partner/learning/candidates/{listed['id']}", headers=reader.headers)
    assert shown["spread"] in page.text
    assert "7 of 13 reported were not attempted" in page.text


async def _send(client: httpx.AsyncClient, site: CastSite, items: list[dict[str, Any]]) -> None:
    answer = await telemetry.send(client, site, items)
    assert answer["refused"] == 0, answer


async def _honest(client: httpx.AsyncClient, database: db.Database) -> None:
    """Let five organizations of two partners heal four incidents each."""
    for site in [
        *await people.make_organizations(database, 3),
        *await people.make_organizations(database, 2),
    ]:
        await _send(client, site, telemetry.executions(4, incident_type=HONEST))


async def _change(client: httpx.AsyncClient, cast: Cast, values: dict[str, Any]) -> None:
    answer = await client.put(
        "/api/admin/flywheel/policy",
        json=values | {"reason": "Nobody decides alone."},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text


async def _promoted(client: httpx.AsyncClient, cast: Cast) -> set[str]:
    rules = await telemetry.items(client, cast.admin, "rules?source=platform")
    return {each["incident_type"] for each in rules}


async def _pattern(client: httpx.AsyncClient, cast: Cast, incident_type: str) -> dict[str, Any]:
    (listed,) = await telemetry.items(
        client, cast.admin, f"platform-patterns?incident_type={incident_type}"
    )
    answer = await client.get(
        f"/api/admin/platform-patterns/{listed['id']}", headers=cast.admin.headers
    )
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown
