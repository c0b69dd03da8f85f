"""F07: counters stood still: nothing on conflict, dead triggers, corrections unseen.

Broken on purpose by leaving successes out of `changed` in `fold_patterns`, by an empty `summed` in
`fold_rules`, and by inserting no reversal in `executions.store.executions.correct`.
"""

from typing import Any

import httpx

from tests import telemetry
from tests.cast import Cast

RULE: dict[str, Any] = {
    "resolution_level": "L1",
    "runbook_id": "L1-WIN-SEC-SMB1",
    "incident_type": "smb1_protocol",
}


async def test_f07_counts_grow_with_every_turn_and_follow_corrections(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for _ in range(3):
        patterns, rules = telemetry.executions(3), telemetry.executions(3, **RULE)
        await telemetry.send(client, cast.site, [*patterns, *rules])
        await telemetry.turn(client, cast.admin)
    corrected = [item | {"success": False} for item in (patterns[0], rules[0])]
    await telemetry.send(client, cast.site, corrected)
    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    found = await telemetry.items(client, cast.admin, "rules?incident_type=smb1_protocol")
    (rule,) = [each for each in found if each["rule_id"] == "L1-WIN-SEC-SMB1"]

    assert (pattern["successes"], pattern["failures"]) == (8, 1)
    assert rule["match_count"] == 9
    assert rule["success"] == {"successes": 8, "attempts": 9}
