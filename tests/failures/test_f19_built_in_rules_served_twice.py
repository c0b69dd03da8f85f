"""F19: built-in rules were served twice, and promoted ones never matched behind them.

Broken on purpose by letting `builtin` rules through both `for_site` in rules/store/rules.sql and
`rules.model.rules._for_tier` (either alone still holds them back): the first test fails; by
keeping synced rules in `RuleSet.own`: the second fails; and by one priority for all scopes: the
third fails.
"""

import httpx

from flywheel_server.core import db
from tests.cast import Cast
from tests.rules.test_agent_sync import L1_RULES, add, fetch, ids, learnt


async def test_f19_what_is_compiled_into_agents_is_not_served(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    served = await fetch(client, cast.neighbour)
    assert {rule["source"] for rule in served["rules"]} == {"synced"}
    assert "L1-FW-002" not in ids(served)


async def test_f19_no_rule_is_served_by_both_routes_as_a_built_in(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await add(database, learnt())
    assert ids(await fetch(client, cast.neighbour, L1_RULES)) == [rule.rule_id]
    full = ids(await fetch(client, cast.neighbour))
    assert len(full) == len(set(full))


async def test_f19_precedence_is_explicit_and_narrower_scopes_come_first(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    for runbook_id, scope, owner in [
        ("RB-WIN-SVC-001", "platform", None),
        ("RB-WIN-SVC-002", "partner", cast.partners[0].id),
        ("RB-WIN-SVC-003", "organization", cast.partners[0].organizations[0].id),
        ("RB-WIN-SVC-004", "site", cast.site.id),
    ]:
        await add(database, learnt("service_dns", runbook_id, scope, owner))  # type: ignore[arg-type]
    served = (await fetch(client, cast.site))["rules"]
    assert [rule["priority"] for rule in served] == [5] * 7 + [50, 52, 54, 56]
    assert [rule["action_params"]["runbook_id"] for rule in served[7:]] == [
        "RB-WIN-SVC-004",
        "RB-WIN-SVC-003",
        "RB-WIN-SVC-002",
        "RB-WIN-SVC-001",
    ]
