"""Why executions happened: the rule, the plan and the runbook that each leads to.

Row-level security leaves the caller's own sites, and the rules in scope of those.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.executions.store.healing import Healing

_SQL = load("healing_reasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that an execution leads to, with the decision that made it, if a person did."""

    id: UUID
    rule_id: str
    name: str
    source: str
    scope: str
    tier: str | None
    created_at: dt.datetime
    runbook_name: str | None
    approved_tier: str | None
    approved_by: str | None
    approved_at: dt.datetime | None
    custom_name: str | None
    # What was known when it was approved.
    evidence: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan that an execution came of, and who approved it where it had to wait."""

    planner: str | None
    decided_by: str | None
    decided_by_kind: str | None
    decided_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """All that one execution leads to."""

    runbook_name: str | None
    rule: Rule | None
    plan: Plan | None


async def of(connection: Connection, healings: Sequence[Healing]) -> list[Reason]:
    """Return the reason of each of these, in their order."""
    rules = await _rules(connection, [each for each in healings if each.level == "L1"])
    plans = await _plans(connection, [each for each in healings if each.level == "L2"])
    names = await runbook_names(
        connection, {each.runbook_id for each in healings if each.runbook_id is not None}
    )
    return [_reason(each, rules, plans, names) for each in healings]


async def runbook_names(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return what runbooks are called, by their ids."""
    rows = await connection.fetch(*_SQL["runbooks"](ids=sorted(set(ids))))
    return {row["runbook_id"]: row["name"] for row in rows}


def _reason(
    healing: Healing,
    rules: dict[tuple[UUID, str, str], Rule],
    plans: dict[tuple[UUID, str], Plan],
    names: dict[str, str],
) -> Reason:
    rule = rules.get((healing.site_id, healing.incident_type, healing.reported_id))
    # A rule made later for the same runbook cannot have healed it.
    if healing.level != "L1" or rule is None or rule.created_at > healing.received_at:
        rule = None
    plan = plans.get((healing.site_id, healing.execution_id)) if healing.level == "L2" else None
    name = names.get(healing.runbook_id or "")
    return Reason(
        runbook_name=rule.runbook_name if name is None and rule is not None else name,
        rule=rule,
        plan=plan,
    )


async def _rules(
    connection: Connection, healings: Sequence[Healing]
) -> dict[tuple[UUID, str, str], Rule]:
    keys = sorted({(each.site_id, each.incident_type, each.reported_id) for each in healings})
    rows = await connection.fetch(
        *_SQL["rules"](
            site_ids=[site_id for site_id, _, _ in keys],
            incident_types=[incident_type for _, incident_type, _ in keys],
            reported_ids=[reported_id for _, _, reported_id in keys],
        )
    )
    found = {}
    for row in rows:
        values = dict(row)
        key = keys[values.pop("place") - 1]
        found[key] = Rule(**values)
    return found


async def _plans(
    connection: Connection, healings: Sequence[Healing]
) -> dict[tuple[UUID, str], Plan]:
    rows = await connection.fetch(
        *_SQL["plans"](
            site_ids=[each.site_id for each in healings],
            incident_ids=[each.incident_id for each in healings],
            execution_ids=[each.execution_id for each in healings],
        )
    )
    found = {}
    for row in rows:
        values = dict(row)
        healing = healings[values.pop("place") - 1]
        found[healing.site_id, healing.execution_id] = Plan(**values)
    return found
