"""What operators decide and set: candidates anywhere, custom rules, tiers, modes."""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates, telemetry
from tests.cast import Cast, CastSite

RULE = {
    "rule_id": "L1-CUSTOM-001",
    "scope": "platform",
    "incident_type": "print_queue",
    "runbook_id": "RB-WIN-SVC-003",
    "name": "Queue",
}


async def synced(http: httpx.AsyncClient, site: CastSite) -> dict[str, Any]:
    answer = await http.get(f"/agent/sync?site_id={site.slug}", headers=site.headers)
    return {rule["id"]: rule for rule in answer.json()["rules"]}


async def test_operators_see_and_decide_across_tenants(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    ids = [await candidates.make_candidate(database, site) for site in cast.sites]

    listed = await client.get("/api/admin/candidates", headers=cast.viewer.headers)
    approved = await client.post(
        f"/api/admin/candidates/{ids[0]}/approve", headers=cast.admin.headers
    )
    rejected = await client.post(
        f"/api/admin/candidates/{ids[-1]}/reject",
        json={"reason": "Not here."},
        headers=cast.admin.headers,
    )

    assert {each["id"] for each in listed.json()["items"]} == set(ids)
    assert approved.status_code == 200, approved.text
    assert rejected.status_code == 200, rejected.text
    assert approved.json()["rule_id"] in await synced(client, cast.sites[0])
    (one,) = (
        await client.get(
            "/api/admin/candidates",
            params={"status": "approved", "site": cast.sites[0].slug},
            headers=cast.viewer.headers,
        )
    ).json()["items"]
    assert one["decided"]["tier"] == "operator"
    assert one["decided"]["by"] == cast.admin.email


async def test_an_operator_may_decide_for_a_standard_site(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.site)
    for path in ("approve", "reject"):
        refused = await client.post(
            f"/api/admin/candidates/{pattern_id}/{path}",
            json={"reason": "x"} if path == "reject" else {},
            headers=cast.viewer.headers,
        )
        assert refused.status_code == 403
    answer = await client.post(
        f"/api/admin/candidates/{pattern_id}/approve", headers=cast.admin.headers
    )
    assert answer.status_code == 200


async def test_a_custom_rule_reaches_its_scope_alone(client: httpx.AsyncClient, cast: Cast) -> None:
    scopes: dict[str, Any] = {
        "partner": cast.site.partner_id,
        "organization": cast.site.organization_id,
        "site": cast.site.id,
    }
    for scope, scope_id in scopes.items():
        body = RULE | {
            "rule_id": f"L1-{scope}",
            "scope": scope,
            "scope_id": str(scope_id),
            "incident_type": f"type_{scope}",
        }
        answer = await client.post("/api/admin/rules", json=body, headers=cast.admin.headers)
        assert answer.status_code == 201, answer.text
    answer = await client.post("/api/admin/rules", json=RULE, headers=cast.admin.headers)
    assert answer.json()["source"] == "custom"

    own = {"L1-CUSTOM-001", "L1-partner", "L1-organization", "L1-site"}
    assert own <= set(await synced(client, cast.site))
    assert set(await synced(client, cast.neighbour)) & own == own - {"L1-site"}
    assert set(await synced(client, cast.partners[0].organizations[1].standard)) & own == {
        "L1-CUSTOM-001",
        "L1-partner",
    }
    assert set(await synced(client, cast.foreign_site)) & own == {"L1-CUSTOM-001"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"conditions": []}, 422),
        ({"conditions": [{"field": "severity", "operator": "eq", "value": "high"}]}, 422),
        ({"conditions": [{"field": "check_type", "operator": "eq", "value": "other"}]}, 422),
        ({"conditions": [{"field": "check_type", "operator": "like", "value": "x"}]}, 422),
        ({"incident_type": "caf\u00e9"}, 422),
        ({"incident_type": "a<b"}, 422),
        ({"name": "<b>"}, 422),
        ({"rule_id": "no spaces"}, 422),
        ({"rule_id": "x" * 65}, 422),
        ({"rule_id": "L1-FIREWALL-002"}, 409),
        ({"runbook_id": "RB-NOWHERE-001"}, 404),
        ({"runbook_id": None}, 422),
        ({"runbook_id": "LIN-FW-001"}, 422),
        ({"action": "run_linux_runbook"}, 422),
        ({"scope": "site"}, 422),
        ({"scope_id": str(candidates.SOMEBODY)}, 422),
        ({"scope": "site", "scope_id": str(candidates.SOMEBODY)}, 404),
        ({"scope": "partner", "scope_id": str(candidates.SOMEBODY)}, 404),
        ({"scope": "organization", "scope_id": str(candidates.SOMEBODY)}, 404),
        ({"unknown": 1}, 422),
        ({"action_params": {"rate": 0.5}}, 422),
        ({"description": "\u0000"}, 422),
    ],
)
async def test_a_rule_that_agents_could_misread_is_refused(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, change: Any, status: int
) -> None:
    answer = await client.post("/api/admin/rules", json=RULE | change, headers=cast.admin.headers)

    assert answer.status_code == status, answer.text
    assert await candidates.rows(database, "SELECT 1 FROM l1_rules WHERE source = 'custom'") == []


async def test_a_custom_rule_may_escalate_without_a_runbook(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    body = RULE | {"runbook_id": None, "action": "escalate"}
    answer = await client.post("/api/admin/rules", json=body, headers=cast.admin.headers)
    assert answer.status_code == 201, answer.text
    assert (await synced(client, cast.site))["L1-CUSTOM-001"]["action"] == "escalate"


async def test_a_rule_id_is_never_used_again(client: httpx.AsyncClient, cast: Cast) -> None:
    for status in (201, 409):
        answer = await client.post("/api/admin/rules", json=RULE, headers=cast.admin.headers)
        assert answer.status_code == status
    disabled = await client.post(
        "/api/admin/rules/L1-CUSTOM-001/disable", json={"reason": "x"}, headers=cast.admin.headers
    )
    assert disabled.status_code == 200
    again = await client.post("/api/admin/rules", json=RULE, headers=cast.admin.headers)
    assert again.status_code == 409


async def test_a_custom_rule_takes_the_candidates_it_covers_back(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site)
    body = RULE | {"incident_type": "service_stopped"}
    await client.post("/api/admin/rules", json=body, headers=cast.admin.headers)
    await telemetry.turn(client, cast.admin)

    answer = await client.post(
        f"/api/admin/candidates/{pattern_id}/approve", headers=cast.admin.headers
    )

    assert answer.status_code == 409
    assert "Already covered by L1-CUSTOM-001" in answer.json()["detail"]


async def test_another_tier_reaches_the_appliances_and_the_gates(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(
        client, cast, cast.site, incident_type="uac_enabled", runbook_id="RB-WIN-SEC-011"
    )
    assert "L1-UAC-001" not in await synced(client, cast.site)

    answer = await client.patch(
        f"/api/admin/sites/{cast.site.slug}",
        json={"healing_tier": "full_coverage", "name": "Renamed"},
        headers=cast.admin.headers,
    )

    assert answer.status_code == 200, answer.text
    assert (answer.json()["healing_tier"], answer.json()["name"]) == ("full_coverage", "Renamed")
    assert "L1-UAC-001" in await synced(client, cast.site)
    await telemetry.turn(client, cast.admin)
    (state,) = await candidates.rows(
        database, "SELECT state FROM patterns WHERE id = $1", pattern_id
    )
    assert state["state"] == "withdrawn"
    nothing = await client.patch(
        f"/api/admin/sites/{cast.site.slug}", json={}, headers=cast.admin.headers
    )
    assert nothing.status_code == 422


async def test_an_l2_mode_is_desired_until_it_is_reported(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    path = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/l2-mode"

    for headers, mode in (
        (cast.session("partner technician"), "manual"),
        (cast.partners[0].credential.headers, "auto"),
        (cast.admin.headers, "disabled"),
    ):
        answer = await client.patch(path, json={"l2_mode": mode}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["l2_mode"]["desired"] == mode
        assert answer.json()["l2_mode"]["state"] == "not reported"
        checked_in = await client.post(
            "/api/appliances/checkin",
            json={"site_id": cast.site.slug, "hostname": "vm"},
            headers=cast.appliance.credential.headers,
        )
        assert checked_in.json()["l2_mode"] == mode


@pytest.mark.parametrize("role", ["partner viewer", "operator viewer", "client admin"])
async def test_others_set_no_l2_mode(client: httpx.AsyncClient, cast: Cast, role: str) -> None:
    answer = await client.patch(
        f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/l2-mode",
        json={"l2_mode": "manual"},
        headers=cast.session(role),
    )
    assert answer.status_code == 403


async def test_a_strangers_appliance_is_not_there(client: httpx.AsyncClient, cast: Cast) -> None:
    for site, appliance in (
        (cast.site.slug, cast.appliance.wire_id),
        (cast.foreign_site.slug, cast.appliance.wire_id),
        (cast.foreign_site.slug, str(cast.appliance.id)),
    ):
        answer = await client.patch(
            f"/api/sites/{site}/appliances/{appliance}/l2-mode",
            json={"l2_mode": "manual"},
            headers=cast.foreign_session("partner owner"),
        )
        assert answer.status_code == 404
