"""Each tier's way: from executions to the rule in a sync and a signed order, to "succeeding"."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from flywheel_server.core import db
from tests import cast as people, telemetry
from tests.cast import Cast, CastAppliance, CastSite

# The older daemon pulls nothing: a rule reaches it by order, or not at all.
DAEMON = "0.1.0"
PYTHON = "1.0.51"

Approve = Callable[[httpx.AsyncClient, Cast, str], Awaitable[dict[str, Any]]]


def _signed_in(cast: Cast, role: str) -> dict[str, str]:
    """Return what a browser sends to this machine, where there is no HTTPS to insist on."""
    headers = cast.session(role)
    return headers | {"Cookie": headers["Cookie"].removeprefix("__Host-")}


async def _by_partner(http: httpx.AsyncClient, cast: Cast, candidate_id: str) -> dict[str, Any]:
    path = f"/api/partners/me/learning/candidates/{candidate_id}"
    headers = _signed_in(cast, "partner technician")
    shown = await _ok(http.get(path, headers=headers))
    body = {"custom_name": "Spooler", "notes": "Seen often.", "rule_hash": shown["rule_hash"]}
    return await _ok(http.post(f"{path}/approve", json=body, headers=headers))


async def _by_client(http: httpx.AsyncClient, cast: Cast, candidate_id: str) -> dict[str, Any]:
    path = f"/api/client/promotion-candidates/{candidate_id}/approve"
    return await _ok(http.post(path, json={}, headers=_signed_in(cast, "client admin")))


async def _by_client_forwarding_to_partner(
    http: httpx.AsyncClient, cast: Cast, candidate_id: str
) -> dict[str, Any]:
    client = f"/api/client/promotion-candidates/{candidate_id}"
    refused = await http.post(
        f"{client}/approve", json={}, headers=_signed_in(cast, "client admin")
    )
    assert refused.status_code == 403
    assert "forward" in refused.json()["detail"].lower()
    await _ok(http.post(f"{client}/forward", json={}, headers=_signed_in(cast, "client admin")))
    endorsed = await _ok(
        http.get(
            "/api/partners/me/learning/candidates?endorsed=true",
            headers=_signed_in(cast, "partner viewer"),
        )
    )
    assert [each["id"] for each in endorsed["items"]] == [candidate_id]
    return await _by_partner(http, cast, candidate_id)


async def _by_operator(http: httpx.AsyncClient, cast: Cast, candidate_id: str) -> dict[str, Any]:
    path = f"/api/admin/candidates/{candidate_id}/approve"
    return await _ok(http.post(path, json={}, headers=cast.admin.headers))


@pytest.mark.parametrize(
    ("tier", "approve"),
    [
        ("standard", _by_partner),
        ("full_coverage", _by_client),
        ("standard", _by_client_forwarding_to_partner),
        ("full_coverage", _by_operator),
    ],
    ids=["partner", "client", "forwarded", "operator"],
)
async def test_what_a_person_approves_arrives_runs_and_succeeds(
    http: httpx.AsyncClient, database: db.Database, cast: Cast, tier: str, approve: Approve
) -> None:
    site = cast.site if tier == "standard" else cast.neighbour
    daemon = await people.make_appliance(database, site)
    python = await people.make_appliance(database, site)
    for appliance, version in ((daemon, DAEMON), (python, PYTHON)):
        await _check_in(http, appliance, version)
    await telemetry.send(http, site, telemetry.executions(6))
    await telemetry.turn(http, cast.admin)
    (pattern,) = await telemetry.items(http, cast.admin, "patterns?state=eligible")

    await approve(http, cast, pattern["id"])

    (rule,) = await telemetry.items(http, cast.admin, "rules?source=promoted")
    assert (rule["incident_type"], rule["runbook_id"]) == ("service_stopped", "RB-WIN-SVC-003")
    rule_id = rule["rule_id"]
    synced = await _ok(http.get("/agent/sync", headers=python.credential.headers))
    assert rule_id in {each["id"] for each in synced["rules"]}
    foreign = await _ok(http.get("/agent/sync", headers=cast.foreign_site.headers))
    assert rule_id not in {each["id"] for each in foreign["rules"]}
    await _carry_out_the_order(http, daemon, rule_id)
    await _check_in(http, python, PYTHON, active_rules_hash=synced["version"])
    for appliance in (daemon, python):
        item = telemetry.execution(
            runbook_id=rule_id, resolution_level="L1", appliance_id=appliance.wire_id
        )
        await telemetry.send(http, replace(site, credential=appliance.credential), [item])
    await telemetry.turn(http, cast.admin)

    deliveries = await telemetry.items(http, cast.admin, f"rules/{rule_id}/deliveries")
    stages = {each["appliance_id"]: each["stage"] for each in deliveries}
    assert stages[daemon.wire_id] == "succeeding"
    assert stages[python.wire_id] == "succeeding"
    (rule,) = await telemetry.items(http, cast.admin, "rules?source=promoted")
    assert rule["success"] == {"successes": 2, "attempts": 2}


async def test_a_platform_rule_is_pushed_and_succeeds_as_well(
    http: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    daemon = await people.make_appliance(database, cast.foreign_site)
    await _check_in(http, daemon, DAEMON)
    for site in await people.make_organizations(database, 6):
        await telemetry.send(http, site, telemetry.executions(4))

    await telemetry.turn(http, cast.admin)
    await telemetry.turn(http, cast.admin)

    (rule,) = await telemetry.items(http, cast.admin, "rules?source=platform")
    await _carry_out_the_order(http, daemon, rule["rule_id"])
    item = telemetry.execution(
        runbook_id=rule["rule_id"], resolution_level="L1", appliance_id=daemon.wire_id
    )
    await telemetry.send(http, _with_key(daemon), [item])
    await telemetry.turn(http, cast.admin)
    deliveries = await telemetry.items(http, cast.admin, f"rules/{rule['rule_id']}/deliveries")
    stages = {each["appliance_id"]: each["stage"] for each in deliveries}
    assert stages[daemon.wire_id] == "succeeding"


def _with_key(appliance: CastAppliance) -> CastSite:
    return replace(appliance.site, credential=appliance.credential)


async def _check_in(
    http: httpx.AsyncClient, appliance: CastAppliance, version: str, **fields: Any
) -> dict[str, Any]:
    body = {
        "site_id": appliance.site.slug,
        "hostname": "vm",
        "mac_address": appliance.wire_id.removeprefix(f"{appliance.site.slug}-"),
        "agent_version": version,
    } | fields
    headers = appliance.credential.headers
    answer = await _ok(http.post("/api/appliances/checkin", json=body, headers=headers))
    assert answer["appliance_id"] == appliance.wire_id
    return answer


async def _carry_out_the_order(
    http: httpx.AsyncClient, appliance: CastAppliance, rule_id: str
) -> None:
    """Do what the older daemon does: check the order, write the rule, say so."""
    answer = await _check_in(http, appliance, DAEMON)
    (order,) = [
        each
        for each in answer["pending_orders"]
        if each["order_type"] == "sync_promoted_rule" and each["parameters"]["rule_id"] == rule_id
    ]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(answer["server_public_key"]))
    key.verify(bytes.fromhex(order["signature"]), order["signed_payload"].encode())
    signed = json.loads(order["signed_payload"])
    assert signed["target_appliance_id"] == appliance.wire_id
    assert signed["parameters"] == order["parameters"]
    assert rule_id in signed["parameters"]["rule_yaml"]
    await _ok(
        http.post(
            f"/api/orders/{order['order_id']}/complete",
            json={"result": {"rule_id": rule_id, "status": "deployed"}, "success": True},
            headers=appliance.credential.headers,
        )
    )


async def _ok(asked: Awaitable[httpx.Response]) -> dict[str, Any]:
    response = await asked
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body
