"""F05: a planner's decision ids were stored as runbooks, cleaned, and came back.

Broken on purpose by removing `runbooks_never_these` from the migration: the second test fails; by
letting the gate `runbook_known` always pass: the first.
"""

from typing import Any

import asyncpg
import httpx
import pytest

from tests import cast as people, telemetry
from tests.cast import Cast


async def test_f05_a_planners_decision_never_becomes_a_rule(
    client: httpx.AsyncClient, cast: Cast, database: Any
) -> None:
    for site in await people.make_organizations(database, 6):
        await telemetry.send(client, site, telemetry.executions(5, runbook_id="L2-restart_service"))

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert "runbook_known" in pattern["failing"]
    assert await telemetry.items(client, cast.admin, "rules?source=platform") == []
    assert await telemetry.items(client, cast.admin, "patterns?state=eligible") == []


@pytest.mark.parametrize(
    "id", ["L2-restart_service", "AUTO-disk", "RB-AUTO-1", "L1-NTP-001", "ESC-7", "L3-x"]
)
async def test_f05_no_such_id_can_be_registered_as_a_runbook(
    client: httpx.AsyncClient, cast: Cast, owner: Any, id: str
) -> None:
    body = {"runbook_id": id, "name": "x", "platform": "windows", "executable": True}
    refused = await client.post("/api/admin/runbooks", json=body, headers=cast.admin.headers)
    alias = {"alias": id, "runbook_id": "RB-WIN-SVC-001"}
    unaliased = await client.post("/api/admin/aliases", json=alias, headers=cast.admin.headers)

    assert refused.status_code == 422
    assert unaliased.status_code == 422
    with pytest.raises(asyncpg.CheckViolationError, match="runbooks_never_these"):
        await owner.execute(
            "INSERT INTO runbooks (runbook_id, name, platform, executable, source)"
            " VALUES ($1, 'x', 'windows', true, 'operator')",
            id,
        )
