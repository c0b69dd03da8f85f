"""F62: failures that named a rule by its own id were older than the rule by the agents' clocks.

Made to fail by taking the fold's correction of `began_at` out: the rule stays on.
"""

import datetime as dt
from typing import Any

import httpx

from flywheel_server.core import clock, db
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules
from tests import attempts, cast as people, telemetry
from tests.cast import STAGE, Cast


async def _platform_rule(database: db.Database) -> Rule:
    async with db.transaction(database, STAGE) as connection:
        return await rules.insert(
            connection,
            domain.learnt(
                source="platform",
                scope="platform",
                scope_id=None,
                incident_type="firewall_status",
                runbook_id="RB-WIN-SEC-001",
                platform="windows",
                generation=1,
            ),
        )


async def _attempts(owner: Any, rule: Rule) -> Any:
    return await owner.fetchval("SELECT attempts FROM rule_health WHERE rule = $1", rule.id)


async def test_f62_failures_of_slow_clocks_are_judged(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, owner: Any
) -> None:
    rule = await _platform_rule(database)
    two_days_ago = (clock.now() - dt.timedelta(days=2)).isoformat()
    sites = await people.make_organizations(database, 6)
    await attempts.served(owner, sites, rule.rule_id)
    for site in sites:
        for own_times in (True, False):
            times = {"started_at": two_days_ago, "completed_at": two_days_ago} if own_times else {}
            failures = telemetry.executions(
                15, 15, runbook_id=rule.rule_id, incident_type="firewall_status",
                resolution_level="L1", error_message="exit code 1", **times,
            )  # fmt: skip
            answer = await client.post(
                "/api/agent/executions/batch",
                json={"executions": failures, "reported_at": two_days_ago},
                headers=site.headers,
            )
            assert answer.json()["accepted"] == 15

    await telemetry.turn(client, cast.admin)

    assert await _attempts(owner, rule) == 180
    assert not await owner.fetchval("SELECT enabled FROM l1_rules WHERE id = $1", rule.id)


async def test_f62_what_was_queued_before_the_rule_was_made_is_not_judged(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, owner: Any
) -> None:
    """It cannot name the rule's own id; by its runbook it means the rule all the same."""
    rule = await _platform_rule(database)
    long_ago = (clock.now() - dt.timedelta(days=2)).isoformat()
    queued = telemetry.executions(
        30, 30, runbook_id="RB-WIN-SEC-001", incident_type="firewall_status",
        resolution_level="L1", completed_at=long_ago,
    )  # fmt: skip
    await telemetry.send(client, cast.site, queued)

    await telemetry.turn(client, cast.admin)

    assert await _attempts(owner, rule) in {None, 0}
