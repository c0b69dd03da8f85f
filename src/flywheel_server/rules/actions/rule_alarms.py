"""What a person has to look at about a rule: begun by the loop, ended by an answer or by itself.

A rule whose evidence was corrected or left until its gate is shut is not unmade by that alone: a
person keeps it with a reason or switches it off, or the gate opens again.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import audit, errors, rights
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope
from flywheel_server.learning.model import promotions
from flywheel_server.learning.model.gates import Gate
from flywheel_server.learning.store import patterns
from flywheel_server.policy.model import Policy
from flywheel_server.rules.actions import rules as switching
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rule_alarms, rules
from flywheel_server.rules.store.rule_alarms import Fallen, Kind, RuleAlarm
from flywheel_server.webhooks.actions import events

_MOST_REASON = 2_000


async def begin(
    connection: Connection,
    rule: Rule,
    kind: Kind,
    reason: str,
    now: dt.datetime,
    *,
    tenant: switching.Tenant | None = None,
) -> bool:
    """Begin an alarm about a rule, for its tenant or another one; False where it lasts already."""
    whose = tenant or await switching.tenant(connection, rule)
    return await rule_alarms.begin(
        connection,
        rule=rule.id,
        kind=kind,
        partner_id=whose.partner_id,
        organization_id=whose.organization_id,
        site_id=whose.site_id,
        reason=reason[:_MOST_REASON],
        now=now,
    )


async def answer(
    connection: Connection,
    scope: OperatorScope | PartnerScope | ClientScope,
    id: UUID,
    *,
    reason: str,
    now: dt.datetime,
    of: UUID | None = None,
) -> RuleAlarm:
    """Say that a person has looked, and why the rule may stay as it is: its alarm ends.

    With ``of`` it has to be about this rule. Raises NotFound, Conflict where it was answered or is
    over, and Forbidden for an organization whose partner decides at the rule's site.
    """
    found = await rule_alarms.get(connection, id)
    rule = None if found is None else await rules.get(connection, found.rule)
    if found is None or rule is None or of not in {None, rule.id}:
        raise errors.NotFound("No alarm about a rule has this id: take one from the alarms.")
    if isinstance(scope, ClientScope):
        site = await accounts.find_site(connection, str(found.site_id))
        if site is None or not rights.decides_at(scope, site.healing_tier):
            raise errors.Forbidden("Your IT partner decides at this site: ask them to look at it.")
    answered = await rule_alarms.answer(connection, id, audit.identity(scope)[2], reason, now)
    if answered is None:
        raise errors.Conflict("Somebody has answered this alarm, or it is over: look again.")
    await audit.record(
        connection,
        scope,
        "rule.keep" if found.kind == "evidence_gone" else "rule.looked_at",
        object_kind="rule",
        object_id=str(rule.id),
        now=now,
        before={"rule_id": rule.rule_id, "alarm": found.reason},
        after={"rule_id": rule.rule_id, "reason": reason},
        partner_id=found.partner_id,
        organization_id=found.organization_id,
        site_id=found.site_id,
    )
    return answered


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
    if not await begin(connection, rule, "evidence_gone", reason, now, tenant=whose):
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
