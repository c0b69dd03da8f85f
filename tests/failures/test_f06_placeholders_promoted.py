"""F06: `AUTO-…` rules with no runbook behind them failed every time.

Broken on purpose by removing `l1_rules_learnt_have_runbook` and the foreign key of
`l1_rules.runbook_id`: the second test fails; by letting `runbook_known` always pass: the first.
"""

from typing import Any

import asyncpg
import httpx
import pytest

from tests import cast as people, telemetry
from tests.cast import Cast

_INSERT = (
    "INSERT INTO l1_rules (rule_id, source, scope, incident_type, runbook_id, name, conditions,"
    " action, priority, cooldown_seconds) VALUES ('L1-x-1', 'platform', 'platform', 'a', $1, 'x',"
    ' \'[{"field": "check_type", "operator": "eq", "value": "a"}]\','
    " 'run_windows_runbook', 56, 300)"
)


async def test_f06_a_placeholder_never_becomes_a_rule(
    client: httpx.AsyncClient, cast: Cast, database: Any
) -> None:
    for site in await people.make_organizations(database, 6):
        await telemetry.send(client, site, telemetry.executions(5, runbook_id="AUTO-disk_full"))

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert "runbook_known" in pattern["failing"]
    assert await telemetry.items(client, cast.admin, "rules?source=platform") == []


@pytest.mark.parametrize(
    ("runbook_id", "refusal"),
    [
        (None, asyncpg.CheckViolationError),
        ("AUTO-disk_full", asyncpg.ForeignKeyViolationError),
    ],
)
async def test_f06_the_table_holds_no_learnt_rule_without_a_runbook(
    owner: Any, runbook_id: str | None, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await owner.execute(_INSERT, runbook_id)
