"""F18: chaos tests and configuration gaps trained or tanked rules.

Made to fail by leaving `NOT a.chaos` out of the statement that reads the outcomes.
"""

from typing import Any

import httpx

from flywheel_server.core import db
from flywheel_server.core.settings import Settings
from flywheel_server.rules.store import rule_health, rules
from tests import attempts, telemetry
from tests.cast import Cast


async def test_f18_neither_chaos_nor_missing_credentials_withdraw_a_rule(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    level: dict[str, Any] = {"resolution_level": "L1", "runbook_id": rule.rule_id}
    await telemetry.send(
        client,
        cast.site,
        [
            *telemetry.executions(20, failures=20, chaos_campaign_id="game day", **level),
            *telemetry.executions(20, failures=20, error_category="no_credentials", **level),
            *telemetry.executions(5, **level),
        ],
    )

    run = await attempts.watch(database, settings)

    assert run.error is None
    async with db.transaction(database, attempts.LOOP) as connection:
        found = await rules.get(connection, rule.id)
        healths = await rule_health.of_rules(connection, [rule.id])
    assert found is not None
    assert found.enabled
    assert (healths[rule.id].successes, healths[rule.id].attempts) == (5, 5)


async def test_f18_chaos_counts_where_the_policy_asks_for_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    level: dict[str, Any] = {"resolution_level": "L1", "runbook_id": rule.rule_id}
    failed = telemetry.executions(3, failures=3, chaos_campaign_id="game day", **level)
    await telemetry.send(client, cast.site, failed)
    await attempts.watch(database, settings)

    answer = await client.put(
        "/api/admin/flywheel/policy",
        json={"learn_from_chaos": True, "reason": "Game days are real work here."},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text
    await attempts.watch(database, settings)

    async with db.transaction(database, attempts.LOOP) as connection:
        healths = await rule_health.of_rules(connection, [rule.id])
    assert (healths[rule.id].successes, healths[rule.id].attempts) == (0, 3)
