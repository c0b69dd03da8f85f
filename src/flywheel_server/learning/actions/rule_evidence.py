"""Looks at the evidence of rules again: it may have been corrected, or be gone."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.learning.model import promotions
from flywheel_server.learning.model.gates import Gate
from flywheel_server.learning.store import patterns
from flywheel_server.policy.model import Policy
from flywheel_server.rules.actions import rule_alarms as alarms, rules as switching
from flywheel_server.rules.store import rule_alarms, rules
from flywheel_server.rules.store.rule_alarms import Fallen
from flywheel_server.webhooks.actions import events


async def review(
    connection: Connection, policy: Policy, changed: Collection[str], now: dt.datetime
) -> int:
    """Look at the evidence of living rules whose evidence may be gone; return how many lost it.

    ``changed`` are approved patterns whose counts open their gate no more.
    """
    await rule_alarms.end_over(connection, now)
    known = await rule_alarms.lasting(connection)
    lost: dict[UUID, list[Gate]] = {}
    looked_at: set[UUID] = set()
    for each in await rule_alarms.fallen_platform(
        connection, policy.platform_min_success_rate, known
    ):
        pattern = await patterns.platform_get(connection, each.pattern)
        if pattern is not None:
            looked_at.add(each.rule)
            lost[each.rule] = promotions.platform_lost(
                pattern.evidence, policy, _needed(each.gates)
            )
    promoted = await rule_alarms.promoted_of(connection, changed, known)
    by_rule: defaultdict[UUID, list[Fallen]] = defaultdict(list)
    for each in promoted:
        by_rule[each.rule].append(each)
    shown = await patterns.by_ids(connection, [each.pattern for each in promoted])
    for rule, its in by_rule.items():
        looked_at.add(rule)
        # One host whose evidence is whole is enough.
        lost[rule] = min(
            (_site_lost(each, shown, policy, now) for each in its), key=len, default=[]
        )
    await rule_alarms.end_proven(connection, [rule for rule in looked_at if not lost[rule]], now)
    begun = 0
    for id, gates in lost.items():
        begun += bool(gates) and await _begin(connection, id, gates, now)
    return begun


def _site_lost(
    fallen: Fallen, shown: Mapping[str, patterns.Pattern], policy: Policy, now: dt.datetime
) -> list[Gate]:
    pattern = shown.get(fallen.pattern)
    # Withdrawn or decided anew: then it says nothing of what the rule was made of.
    if pattern is None or pattern.state != "approved":
        return []
    return promotions.site_lost(pattern.evidence, policy, _needed(fallen.gates), now)


def _needed(gates: Sequence[dict[str, Any]]) -> dict[str, object]:
    return {str(gate["name"]): gate.get("needed") for gate in gates}


async def _begin(connection: Connection, id: UUID, gates: Sequence[Gate], now: dt.datetime) -> bool:
    rule = await rules.get(connection, id)
    if rule is None or not rule.enabled:
        return False
    said = " ".join(gate.explanation for gate in gates)
    reason = f"What it was learnt from was corrected or is gone. {said}"
    whose = await switching.tenant(connection, rule)
    if not await alarms.begin(connection, rule, "evidence_gone", reason, now, tenant=whose):
        return False
    await events.emit(
        connection,
        "rule.evidence_gone",
        partner_id=whose.partner_id,
        organization_id=whose.organization_id,
        site_id=whose.site_id,
        data={
            "id": str(rule.id),
            "rule_id": rule.rule_id,
            "source": rule.source,
            "scope": rule.scope,
            "incident_type": rule.incident_type,
            "runbook_id": rule.runbook_id,
            "reason": reason,
        },
        now=now,
    )
    return True
