"""F11: five organizations were required where three exist; then one was enough for everyone.

Broken on purpose by `ORGANIZATIONS_FLOOR = 1` (the first test fails), and by dropping
`policies_organizations_floor` as well (the table's refusal is the second belt).
"""

from typing import Any

import asyncpg
import httpx
import pytest

from tests import cast as people, telemetry
from tests.cast import Cast

POLICY = "/api/admin/flywheel/policy"


async def test_f11_the_threshold_is_data_with_a_floor_a_reason_and_a_history(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    too_low = {"platform_min_organizations": 2, "reason": "We have two."}
    unexplained = {"platform_min_organizations": 3}
    lowered = {"platform_min_organizations": 3, "reason": "We have three."}

    statuses = [
        (await client.put(POLICY, json=body, headers=cast.admin.headers)).status_code
        for body in (too_low, unexplained, lowered)
    ]

    assert statuses == [422, 422, 200]
    shown = (await client.get(POLICY, headers=cast.admin.headers)).json()
    assert "We have three." in str(shown)


async def test_f11_the_table_refuses_what_is_under_the_floor(owner: Any) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="policies_organizations_floor"):
        await owner.execute(
            "INSERT INTO policies (values, reason, changed_by)"
            " SELECT p.values || '{\"platform_min_organizations\": 1}', 'x', 'x' FROM policies p"
        )


async def test_f11_the_distance_to_promotion_is_shown(
    client: httpx.AsyncClient, cast: Cast, database: Any
) -> None:
    for site in await people.make_organizations(database, 3):
        await telemetry.send(client, site, telemetry.executions(10))

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    (gate,) = [gate for gate in pattern["gates"] if gate["name"] == "organizations"]
    assert (gate["value"], gate["needed"], gate["passed"]) == (3, 5, False)
    assert gate["explanation"] == "3 of 5 organizations: 2 to go."
