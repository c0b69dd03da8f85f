"""F58: missing credentials and unreachable hosts of one site withdrew a rule for every tenant.

Made to fail by taking `401 - invalid content type` out of the table of words.
"""

from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.core.settings import Settings
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.store import rules
from tests import attempts, telemetry
from tests.cast import STAGE, Cast

WORDS = [
    "create shell: http response error: 401 - invalid content type",
    "execute runbook: get connection: no auth method for LNX-1 (need key or password)",
    "dial tcp: lookup WS-TEST-2: no such host",
    "dial tcp 192.0.2.7:22: connect: network is unreachable",
    "dial tcp 192.0.2.7:5985: i/o timeout",
    "create shell: words that nobody has heard before",
]


async def test_f58_a_site_that_reaches_no_host_counts_for_nothing(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, owner: Any, settings: Settings
) -> None:
    async with db.transaction(database, STAGE) as connection:
        rule = await rules.insert(
            connection,
            domain.learnt(
                source="platform", scope="platform", scope_id=None,
                incident_type="firewall_status", runbook_id="RB-WIN-SEC-001",
                platform="windows", generation=1,
            ),
        )  # fmt: skip
    kinds = {rule.rule_id: "firewall_status"}
    await attempts.served(owner, [cast.site, cast.neighbour], rule.rule_id)
    await attempts.record(
        owner, cast.neighbour, {rule.rule_id: [True] * 52}, types=kinds, began_at=clock.now()
    )
    await attempts.watch(database, settings)
    for words in WORDS:
        failures = telemetry.executions(
            10, 10, runbook_id=rule.rule_id, incident_type="firewall_status",
            resolution_level="L1", duration_seconds=0, error_message=words,
        )  # fmt: skip
        assert (await telemetry.send(client, cast.site, failures))["accepted"] == 10

    await telemetry.turn(client, cast.admin)

    row = await owner.fetchrow(
        "SELECT l.enabled, l.success_count, l.failure_count, l.match_count, h.attempts"
        " FROM l1_rules l JOIN rule_health h ON h.rule = l.id WHERE l.id = $1",
        rule.id,
    )
    assert dict(row) == {
        "enabled": True,
        "success_count": 52,
        "failure_count": 0,
        "match_count": 52 + 10 * len(WORDS),
        "attempts": 52,
    }


@pytest.mark.parametrize("words", WORDS[:-1])
async def test_f58_what_never_ran_is_no_failure(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, words: str
) -> None:
    """Also where the agent says how long it tried, and which category it takes it for."""
    item = telemetry.execution(
        success=False, error_message=words, error_category="script_error", duration_seconds=30
    )
    await telemetry.send(client, cast.site, [item])
    (fact,) = await telemetry.facts(database)
    assert (fact["outcome"], fact["error_category"]) == ("not_attempted", "script_error")
