"""The flywheel at a glance: each figure against what was sent."""

import uuid

import httpx

from flywheel_server.core import db
from tests import cast

URL = "/api/admin/flywheel/overview"


async def _report(client: httpx.AsyncClient, site: cast.CastSite, level: str) -> None:
    body = {
        "site_id": site.slug,
        "execution": {
            "execution_id": str(uuid.uuid4()),
            "incident_id": "INC-1",
            "runbook_id": "RB-WIN-SVC-003",
            "hostname": "WS-1",
            "incident_type": "print_spooler",
            "duration_seconds": 1,
            "success": True,
            "status": "success",
            "confidence": 1,
            "resolution_level": level,
        },
        "reported_at": None,
    }
    answer = await client.post("/api/agent/executions", json=body, headers=site.headers)
    assert answer.status_code == 200


async def test_recent_executions_are_counted_by_level(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    everyone = await cast.make_cast(database)
    for level in ("L1", "L1", "L2", "L3"):
        await _report(client, everyone.site, level)
    await _report(client, everyone.foreign_site, "L2")
    seen = (await client.get(URL, headers=everyone.viewer.headers)).json()
    assert seen["window_seconds"] == 60
    assert seen["recent"] == {"L1": 2, "L2": 2, "L3": 1}


async def test_without_data_every_count_is_zero(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    everyone = await cast.make_cast(database)
    answer = await client.get(f"{URL}?window_seconds=3600", headers=everyone.viewer.headers)
    assert answer.json() == {
        "window_seconds": 3600,
        "recent": {"L1": 0, "L2": 0, "L3": 0},
        "l1_folded": 0,
        "l1_unresolved": 0,
        "l2_folded": 0,
        "patterns": 0,
        "eligible": 0,
        "platform_rules": 0,
    }


async def test_it_is_for_operators(client: httpx.AsyncClient, database: db.Database) -> None:
    everyone = await cast.make_cast(database)
    assert (await client.get(URL)).status_code == 401
    assert (await client.get(URL, headers=everyone.site.headers)).status_code == 403
    for window in ("0", "3601", "x"):
        answer = await client.get(f"{URL}?window_seconds={window}", headers=everyone.admin.headers)
        assert answer.status_code == 422
