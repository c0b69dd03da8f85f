"""A resolution that overtakes its report by milliseconds closes it."""

import asyncio
from typing import Any

import httpx

from flywheel_server.core import db
from tests.cast import STAGE, Cast

KEY = {"host_id": "WS-1", "check_type": "firewall_status"}
DONE = KEY | {"resolution_tier": "L1", "runbook_id": "L1-FW-002", "status": "resolved"}
REPORT = KEY | {"incident_type": "firewall_status", "severity": "high"}


async def _row(database: db.Database) -> dict[str, Any]:
    async with db.transaction(database, STAGE) as connection:
        (row,) = await connection.fetch("SELECT * FROM incidents")
    return dict(row)


async def test_a_resolve_before_its_report_closes_it(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    headers = cast.site.headers
    early = await client.post("/incidents/resolve", json=DONE, headers=headers)
    assert early.status_code == 404
    assert (await client.post("/incidents", json=REPORT, headers=headers)).status_code == 200
    row = await _row(database)
    assert (row["status"], row["resolution_tier"]) == ("resolved", "L1")
    assert row["resolution_action"] == "L1-FW-002"
    # It closes one report, not the next.
    assert (await client.post("/incidents", json=REPORT, headers=headers)).status_code == 200
    assert (await _row(database))["status"] == "open"


async def test_both_at_once_end_resolved_in_any_order(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, owner: Any
) -> None:
    """Broken on purpose by leaving out the lock of the key."""
    headers = cast.site.headers
    for _ in range(8):
        # The one before was resolved long ago.
        await owner.execute("UPDATE incidents SET resolved_at = resolved_at - interval '1 hour'")
        await asyncio.gather(
            client.post("/incidents/resolve", json=DONE, headers=headers),
            client.post("/incidents", json=REPORT, headers=headers),
        )
        assert (await _row(database))["status"] == "resolved"


async def test_one_that_came_long_before_closes_nothing(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, owner: Any
) -> None:
    headers = cast.site.headers
    await client.post("/incidents/resolve", json=DONE, headers=headers)
    await owner.execute(
        "UPDATE early_resolutions SET resolved_at = resolved_at - interval '2 minutes'"
    )
    await client.post("/incidents", json=REPORT, headers=headers)
    assert (await _row(database))["status"] == "open"
