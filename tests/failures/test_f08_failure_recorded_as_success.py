"""F08: agents report every L2 heal as a success; escalations and dry runs counted as heals.

Broken on purpose by ignoring `verified` in `executions.model.executions.outcome`: the first test
fails; by ignoring `require_verified` in `promotions._counted`: the second.
"""

from typing import Any

import httpx

from tests import cast as people, telemetry
from tests.cast import Cast


async def test_f08_verified_and_unverified_successes_are_counted_apart(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await telemetry.send(
        client,
        cast.site,
        [
            *telemetry.executions(2),
            telemetry.execution(verification_passed=True),
            # "Success", says the agent; its own post-check says no.
            telemetry.execution(verification_passed=False),
            telemetry.execution(runbook_id="ESC-0001", success=True),
        ],
    )

    await telemetry.turn(client, cast.admin)

    rows = await telemetry.items(client, cast.admin, "patterns")
    by_runbook = {row["runbook_id"]: row for row in rows}
    pattern = by_runbook["RB-WIN-SVC-003"]
    assert (pattern["successes"], pattern["verified_successes"], pattern["failures"]) == (3, 1, 1)
    escalated = by_runbook["ESC-0001"]
    assert (escalated["occurrences"], escalated["not_attempted"]) == (0, 1)


async def test_f08_the_policy_can_ask_for_verified_successes(
    client: httpx.AsyncClient, cast: Cast, database: Any
) -> None:
    answer = await client.put(
        "/api/admin/flywheel/policy",
        json={"require_verified": True, "reason": "Only what a post-check confirmed."},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text
    sites = await people.make_organizations(database, 6)
    for site in sites:
        await telemetry.send(client, site, telemetry.executions(4))

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert pattern["failing"] == ["success_rate"]
    for site in sites:
        await telemetry.send(client, site, telemetry.executions(50, verification_passed=True))
    await telemetry.turn(client, cast.admin)
    assert len(await telemetry.items(client, cast.admin, "rules?source=platform")) == 1
