"""Every statement reaches what grows with the fleet by an index; executions are never read whole.

Broken by taking an index of executions away: the statements that need it are named here.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from flywheel_server.core import embedded, sql

_FILL = (Path(__file__).parent / "large.sql").read_text(encoding="utf-8")
NEVER = frozenset({"executions", "execution_keys"})
GROWING = NEVER | {
    "appliances",
    "api_keys",
    "patterns",
    "platform_pattern_sites",
    "rule_counts",
}
# Run after `folds.plan_by_index`, for their parameters tell a planner nothing.
BY_INDEX = frozenset({"folds", "platform_folds", "rule_folds"})
# What may read a growing table whole, and why. A whole file, or one statement.
_REBUILD = "counts everything anew, after a restore or by command"
_ONE_TENANT = "row-level security leaves the caller's own sites; who owns the tables is asked here"
EXCUSED = {
    "recounts": "proves the counts against all facts: that is what it is for",
    "rule_health.recount_attempts": "the same",
    "rule_health.forget": _REBUILD,
    "folds.forget_patterns": _REBUILD,
    "platform_folds.forget_platform": _REBUILD,
    "folds.forget_rules": _REBUILD,
    "folds.forget_transactions": _REBUILD,
    "due.mark_all_due": "the policy changed: every gate is looked at anew",
    "patterns.unresolved_total": "one figure of all folded rows, for operators and metrics",
    "patterns.unresolved": "all that teaches nothing, the most first, when an operator looks",
    "set_aside.total": "the same, of the ids that an operator set aside",
    "overview.totals": "figures of all folded rows, for operators",
    "overview.funnel": "the same",
    "deliveries.endpoints": "figures of all appliances, for operators",
    "deliveries.in_scope": "the agents that a rule reaches, when a person looks at it",
    "deliveries.spread": "figures of all appliances, for operators",
    "candidates.page": _ONE_TENANT,
    "candidates.counted": _ONE_TENANT,
    "fleet.news": _ONE_TENANT,
    "keys.list": "a page of a list whose filters may all be left out",
}


@pytest.fixture(scope="module")
def plans(cluster: embedded.Address) -> dict[str, Any]:
    """Explain every statement on a database that is filled once and thrown away."""
    with asyncio.Runner() as runner:
        return runner.run(_explained(cluster))


async def _explained(cluster: embedded.Address) -> dict[str, Any]:
    name = f"large_{os.getpid()}"
    maintenance = await asyncpg.connect(cluster.owner_url.replace("/flywheel?", "/postgres?"))
    await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE flywheel STRATEGY FILE_COPY")
    connection = await asyncpg.connect(cluster.owner_url.replace("/flywheel?", f"/{name}?"))
    try:
        await connection.execute(_FILL)
        found = {}
        for noun in sql.files():
            for called, statement in sql.load(noun).items():
                async with connection.transaction():
                    if noun in BY_INDEX or f"{noun}.{called}" in BY_INDEX:
                        await connection.execute(*sql.load("folds")["plan_by_index"]())
                    explain = await connection.prepare(
                        f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement.text}"
                    )
                    plan = await explain.fetchval(*[None] * len(explain.get_parameters()))
                found[f"{noun}.{called}"] = json.loads(plan)
        return found
    finally:
        await connection.close()
        await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await maintenance.close()


def test_no_statement_reads_what_grows_with_the_fleet_from_end_to_end(
    plans: dict[str, Any],
) -> None:
    found = {name: sorted(set(_read_whole(plan)) & GROWING) for name, plan in plans.items()}
    wrong = {name: tables for name, tables in found.items() if tables and not _excused(name)}

    assert wrong == {}


def test_a_rule_is_judged_by_its_new_attempts_alone(plans: dict[str, Any]) -> None:
    """Broken by a condition on the time that an index knows: it gives all since the rule began."""
    plan = json.dumps(plans["rule_health.due"])

    assert "rule_attempts_order" in plan
    assert "rule_attempts_began_idx" not in plan


def test_every_excuse_is_needed(plans: dict[str, Any]) -> None:
    found = {name for name, plan in plans.items() if set(_read_whole(plan)) & GROWING}

    assert EXCUSED.keys() <= found | {name.partition(".")[0] for name in found}


def _excused(name: str) -> bool:
    return name in EXCUSED or name.partition(".")[0] in EXCUSED


def _read_whole(plan: Any) -> Iterator[str]:
    """Give every table that a plan reads from end to end; partitions by their table's name."""
    if isinstance(plan, list):
        for each in plan:
            yield from _read_whole(each)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield re.sub(r"_\d{8}$", "", plan["Relation Name"])
        for each in plan.values():
            yield from _read_whole(each)
