"""An execution's way to a platform rule and back to every appliance, over real HTTP."""

import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from flywheel_server.core import db
from tests import cast as people, telemetry
from tests.cast import Cast, CastSite


async def _sync(http: httpx.AsyncClient, site: CastSite) -> httpx.Response:
    response = await http.get(f"/agent/sync?site_id={site.slug}", headers=site.headers)
    assert response.status_code == 200
    return response


def _learnt(response: httpx.Response) -> list[dict[str, Any]]:
    return [rule for rule in response.json()["rules"] if rule["source"] == "platform"]


async def test_what_six_organizations_prove_reaches_an_appliance_of_a_seventh(
    http: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    *six, seventh = await people.make_organizations(database, 7)
    before = await _sync(http, seventh)
    for index, site in enumerate(six):
        # 20 occurrences over six organizations, 18 of which succeeded: exactly 90 %.
        await telemetry.send(
            http, site, telemetry.executions(4 if index < 2 else 3, failures=int(index < 2))
        )

    steps = await telemetry.turn(http, cast.admin)

    assert steps["promote_platform"]["rows_out"] == 1
    (rule,) = await telemetry.items(http, cast.admin, "rules?source=platform")
    assert (rule["incident_type"], rule["runbook_id"]) == ("service_stopped", "RB-WIN-SVC-003")
    assert rule["enabled"] is True
    after = await _sync(http, seventh)
    (served,) = _learnt(after)
    assert served["id"] == rule["rule_id"]
    assert served["action"] == "run_windows_runbook"
    assert served["action_params"]["runbook_id"] == "RB-WIN-SVC-003"
    assert served["conditions"] == [
        {"field": "check_type", "operator": "eq", "value": "service_stopped"},
        {"field": "drift_detected", "operator": "eq", "value": True},
    ]
    assert after.headers["etag"] != before.headers["etag"]
    _verify(after.json())
    checked_in = await http.post(
        "/api/appliances/checkin",
        json={"site_id": seventh.slug, "hostname": "vm", "mac_address": "02:00:5e:10:00:01"},
        headers=seventh.headers,
    )
    assert checked_in.json()["server_public_key"] == after.json()["server_public_key"]
    assert checked_in.json()["rules_hash"] == after.json()["version"]


def _verify(envelope: dict[str, Any]) -> None:
    signed = json.dumps(envelope["rules"], sort_keys=True, separators=(", ", ": "))
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(envelope["server_public_key"]))
    key.verify(bytes.fromhex(envelope["signature"]), signed.encode("ascii"))


async def test_a_second_turn_makes_no_second_rule(
    http: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    for site in await people.make_organizations(database, 6):
        await telemetry.send(http, site, telemetry.executions(4))
    await telemetry.turn(http, cast.admin)

    steps = await telemetry.turn(http, cast.admin)

    assert all(step["rows_out"] == 0 for step in steps.values()), steps
    for site in await people.make_organizations(database, 6):
        await telemetry.send(http, site, telemetry.executions(4))
    await telemetry.turn(http, cast.admin)
    assert len(await telemetry.items(http, cast.admin, "rules?source=platform")) == 1


async def test_a_disabled_rule_stays_disabled_whatever_comes_in(
    http: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites = await people.make_organizations(database, 6)
    for site in sites:
        await telemetry.send(http, site, telemetry.executions(4))
    await telemetry.turn(http, cast.admin)
    (rule,) = await telemetry.items(http, cast.admin, "rules?source=platform")

    disabled = await http.post(
        f"/api/admin/rules/{rule['rule_id']}/disable",
        json={"reason": "It restarts a service that has to stay stopped."},
        headers=cast.admin.headers,
    )

    assert disabled.status_code == 200
    assert _learnt(await _sync(http, sites[0])) == []
    for site in sites:
        await telemetry.send(http, site, telemetry.executions(4))
    await telemetry.turn(http, cast.admin)
    (rule,) = await telemetry.items(http, cast.admin, "rules?source=platform")
    assert rule["enabled"] is False
    assert _learnt(await _sync(http, sites[0])) == []


@pytest.mark.parametrize(
    ("organizations", "each", "failures", "fields", "gate"),
    [
        (4, 6, 0, {}, "organizations"),
        (6, 3, 0, {}, "occurrences"),
        (5, 20, 3, {}, "success_rate"),
        (6, 4, 0, {"runbook_id": "AUTO-service_stopped"}, "runbook_known"),
        (6, 4, 0, {"runbook_id": "L2-restart_service"}, "runbook_known"),
        (6, 4, 0, {"runbook_id": "RB-NOBODY-KNOWS-001"}, "runbook_known"),
        (6, 4, 0, {"runbook_id": "LIN-FW-001"}, "runbook_executable"),
        (6, 4, 0, {"runbook_id": "RB-SERVICE-001"}, "runbook_executable"),
        (6, 4, 0, {"chaos_campaign_id": "game-day"}, "occurrences"),
        (6, 4, 0, {"error_category": "no_credentials"}, "occurrences"),
        (6, 4, 0, {"incident_type": "dienst_gestört"}, "incident_type_expressible"),
    ],
)
async def test_a_shut_gate_makes_no_rule_and_says_which_it_is(
    http: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    organizations: int,
    each: int,
    failures: int,
    fields: dict[str, str],
    gate: str,
) -> None:
    """Made to fail by leaving each of the named gates out of ``promotions.platform_gates``."""
    sites = await people.make_organizations(database, organizations)
    for site in sites:
        await telemetry.send(http, site, telemetry.executions(each, failures, **fields))

    await telemetry.turn(http, cast.admin)

    assert await telemetry.items(http, cast.admin, "rules?source=platform") == []
    (pattern,) = await telemetry.items(http, cast.admin, "platform-patterns")
    assert gate in pattern["failing"]
    for own in await telemetry.items(http, cast.admin, f"patterns?site_id={sites[0].slug}"):
        if gate.startswith("runbook"):
            assert gate in own["failing"]


async def test_nineteen_occurrences_are_one_too_few(
    http: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first, *others = await people.make_organizations(database, 6)
    await telemetry.send(http, first, telemetry.executions(4))
    for site in others:
        await telemetry.send(http, site, telemetry.executions(3))
    await telemetry.turn(http, cast.admin)

    (pattern,) = await telemetry.items(http, cast.admin, "platform-patterns")

    assert pattern["failing"] == ["occurrences"]
    assert (pattern["occurrences"], pattern["organizations"]) == (19, 6)
    await telemetry.send(http, first, [telemetry.execution()])
    await telemetry.turn(http, cast.admin)
    assert len(await telemetry.items(http, cast.admin, "rules?source=platform")) == 1
