"""F64: a read-only database, errors with a green light.

Broken on purpose by leaving ReadOnlySQLTransactionError out of `database_refusals.LOST` (500), and
by leaving `writability.look` out of `/ready` (200).
"""

from typing import Any

import httpx

from tests.anywhere import failing_over
from tests.cast import Cast


async def test_f64_writes_are_unavailable_and_readiness_says_why_at_once(
    client: httpx.AsyncClient, cast: Cast, owner: Any
) -> None:
    async with failing_over.turned_read_only(owner):
        ready = await client.get("/ready")
        written = await client.post(
            "/api/admin/partners", json={"name": "Another"}, headers=cast.admin.headers
        )
        read = await client.get("/api/admin/partners", headers=cast.admin.headers)

    assert (ready.status_code, written.status_code, read.status_code) == (503, 503, 200)
    assert "read-only" in ready.json()["detail"]
    assert "read-only" in written.json()["detail"]
