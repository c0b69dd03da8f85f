"""What an operator sets is heard by the caches of its own process at once, by the real request.

Broken on purpose: without the announcement of a mode, of a tier, of a bound key, each fails.
"""

import httpx
import pytest

from tests import deliveries as walk, parts
from tests.cast import Cast


@pytest.fixture(autouse=True)
def trusted(client: httpx.AsyncClient) -> None:
    """Answer from memory, whatever the test's duration."""
    parts.of(client).listener._heard_at = float("inf")


async def test_the_next_check_in_tells_the_mode_that_was_set(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    path = f"/api/sites/{cast.site.id}/appliances/{cast.appliance.id}/l2-mode"
    for mode in ("disabled", "manual", "auto"):
        for _ in range(2):
            await walk.check_in(client, cast.appliance, walk.OLDER)
        answer = await client.patch(path, json={"l2_mode": mode}, headers=cast.admin.headers)
        assert answer.status_code == 200, answer.text
        assert (await walk.check_in(client, cast.appliance, walk.OLDER))["l2_mode"] == mode


async def test_the_next_sync_has_the_rules_of_the_tier_that_was_set(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    async def tier() -> str:
        answer = await client.get("/agent/sync", headers=cast.site.headers)
        return str(answer.json()["healing_tier"])

    for healing_tier in ("full_coverage", "standard"):
        before = await tier()
        assert before != healing_tier
        answer = await client.patch(
            f"/api/admin/sites/{cast.site.id}",
            json={"healing_tier": healing_tier},
            headers=cast.admin.headers,
        )
        assert answer.is_success, answer.text
        assert await tier() == healing_tier
