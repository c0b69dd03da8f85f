"""F07: counters that never grew: nothing on conflict, columns that were not there, no corrections.

The side of the rules. Made to fail by folding only first versions (`AND e.revision = 0`).
"""

from typing import Any

import httpx

from flywheel_server.core import db
from flywheel_server.core.settings import Settings
from flywheel_server.learning.actions import folds
from tests import attempts, telemetry
from tests.cast import Cast


async def test_f07_the_counters_of_a_rule_follow_its_executions_and_their_corrections(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    level: dict[str, Any] = {"resolution_level": "L1", "runbook_id": rule.rule_id}
    sent = telemetry.executions(6, failures=2, **level)
    await telemetry.send(client, cast.site, sent)
    await telemetry.send(client, cast.site, sent[:3])
    await attempts.watch(database, settings)
    await telemetry.send(client, cast.site, [sent[0] | {"success": False}])
    await attempts.watch(database, settings)

    answer = await client.get(f"/api/admin/rules/{rule.id}", headers=cast.admin.headers)

    found = answer.json()
    counted = (found["match_count"], found["success_count"], found["failure_count"])
    assert counted == (6, 3, 3)
    assert found["success"] == {"successes": 3, "attempts": 6}
    assert found["health"]["attempts_since"] == 6
    async with db.transaction(database, attempts.LOOP) as connection:
        assert {each.differing for each in await folds.verify(connection)} == {0}
