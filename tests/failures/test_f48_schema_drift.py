"""F48: columns named in code that production lacked, and migrations run by hand.

Every query is prepared in tests/laws/test_queries.py, and readiness compares revisions. Broken on
purpose by comparing none in `health._reason`: the server calls itself ready on the older schema.
"""

import asyncio

import httpx

from flywheel_server.core import embedded, migrations


async def test_f48_a_server_on_an_older_schema_is_not_ready_until_it_is_migrated(
    client: httpx.AsyncClient, address: embedded.Address
) -> None:
    await asyncio.to_thread(migrations.downgrade, address.owner_url, "-1")

    behind = await client.get("/ready")
    await asyncio.to_thread(migrations.upgrade, address.owner_url)
    ahead = await client.get("/ready")

    assert (behind.status_code, ahead.status_code) == (503, 200)
    assert "flywheel-server migrate" in behind.json()["detail"]
