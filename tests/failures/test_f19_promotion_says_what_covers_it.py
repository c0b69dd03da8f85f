"""F19: 42 of 53 promoted rules never matched, because a built-in rule came first.

Broken on purpose by leaving built-in rules out of what covers a pattern: a candidate appears.
"""

import httpx

from flywheel_server.core import db
from tests import candidates, telemetry
from tests.cast import Cast


async def test_f19_what_a_built_in_rule_heals_is_no_candidate_and_says_by_which(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await telemetry.send(
        client,
        cast.site,
        telemetry.executions(6, incident_type="firewall_status", runbook_id="RB-WIN-SEC-001"),
    )
    await telemetry.turn(client, cast.admin)
    (pattern,) = await candidates.rows(database, "SELECT id, state FROM patterns")

    shown = await client.get(
        f"/api/partners/me/learning/candidates/{pattern['id']}",
        headers=cast.partners[0].credential.headers,
    )
    refused = await client.post(
        f"/api/admin/candidates/{pattern['id']}/approve", headers=cast.admin.headers
    )

    assert pattern["state"] == "observed"
    assert shown.json()["covered_by"] == "L1-FIREWALL-002"
    assert shown.json()["failing"] == ["not_covered"]
    assert refused.status_code == 409
    assert "Already covered by L1-FIREWALL-002" in refused.json()["detail"]
