"""F25: 0 of 0 was shown as 100 %.

Broken on purpose by COALESCE around `l1_rules.success_rate`, and by an attempt-free pass in
`promotions._rate`.
"""

from typing import Any

import httpx

from tests import telemetry
from tests.cast import Cast


async def test_f25_no_attempts_are_no_data(
    client: httpx.AsyncClient, cast: Cast, owner: Any
) -> None:
    unattempted = telemetry.executions(30, error_category="no_credentials")
    await telemetry.send(client, cast.site, unattempted)

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    (gate,) = [gate for gate in pattern["gates"] if gate["name"] == "success_rate"]
    assert (gate["value"], gate["passed"]) == ("no data", False)
    rules = await telemetry.items(client, cast.admin, "rules?limit=200")
    assert {rule["success_rate"] for rule in rules} == {None}
    assert await owner.fetchval("SELECT count(success_rate) FROM l1_rules") == 0
