"""The platform's own promotion: a pair that has proven itself across organizations becomes a rule.

It never enables a rule again and never makes a second one for a pair that has one.
"""

import datetime as dt
from uuid import UUID

from flywheel_server.core import audit, errors, log
from flywheel_server.core.db import Connection, log_on_commit
from flywheel_server.core.scope import LoopScope, OperatorScope
from flywheel_server.fleet.store import quotas
from flywheel_server.folds import due
from flywheel_server.learning.actions.settle import Matter, Verdict, settle
from flywheel_server.learning.model import gates, promotions
from flywheel_server.learning.model.gates import Gate
from flywheel_server.learning.store import patterns, spreads
from flywheel_server.learning.store.patterns import PlatformPattern
from flywheel_server.policy import store as policies
from flywheel_server.policy.model import Policy
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules as stored_rules

_log = log.get(__name__)


async def promote(
    connection: Connection, actor: LoopScope, policy: Policy, now: dt.datetime
) -> tuple[int, int]:
    """Promote pairs whose gates are open; return how many were near, how many promoted.

    At most as many as the policy has room for, those of most organizations first; the rest waits.
    """
    near = await patterns.platform_due(
        connection, policy.platform_min_organizations, policy.platform_min_occurrences
    )
    room, reason = await _room(connection, policy)
    made: list[tuple[Rule, Matter]] = []
    waiting = asked = 0
    for each in sorted(near, key=lambda pair: -pair.evidence.organizations):
        if not promotions.may_open(each.evidence, policy):
            continue
        pattern = await patterns.platform_get(connection, each.id)
        if pattern is None:
            raise LookupError("under the folds' lock no pair goes away")
        pattern = await spreads.where_asked(connection, pattern, policy, now)
        opened = promotions.platform_gates(pattern.evidence, policy)
        shut = gates.failing(opened)
        if promotions.asks_an_operator(shut):
            asked += 1
        elif not shut and len(made) >= room:
            waiting += 1
        elif not shut:
            made.append((await _make(connection, pattern), _matter(pattern, opened)))
            await due.mark_type_due(connection, pattern.evidence.incident_type)
    await quotas.set_backlog(connection, waiting, reason, asked, now)
    # The audit's lock comes last, behind the patterns': whoever approves takes them in this order.
    for rule, matter in made:
        verdict = Verdict(
            tier="platform",
            decision="approved",
            rule=rule,
            rule_is_new=True,
            deploy_immediately=False,
        )
        await settle(connection, actor, matter, verdict, now)
    return len(near), len(made)


async def approve(
    connection: Connection, actor: OperatorScope, id: UUID, reason: str, now: dt.datetime
) -> PlatformPattern:
    """Let a pair become a rule although its type looks like another or is healed otherwise.

    Raises NotFound, and Conflict for a pair that needs nobody's word.
    """
    before = await patterns.platform_get(connection, id)
    if before is None:
        raise errors.NotFound("No platform pattern has this id: take one from the list.")
    doubts = [
        gate
        for gate in promotions.platform_gates(before.evidence, await policies.in_force(connection))
        if gate.name in promotions.OPERATORS and gate.value is not None
    ]
    if not doubts:
        raise errors.Conflict("It needs no approval: nothing but its other gates is in its way.")
    if not await patterns.approve_pair(connection, id, actor.actor_name, reason, now):
        raise errors.Conflict("It is approved already: look at its other gates.")
    await audit.record(
        connection,
        actor,
        "platform_pattern.approve",
        object_kind="platform_pattern",
        object_id=str(id),
        now=now,
        after={
            "incident_type": before.evidence.incident_type,
            "runbook_id": before.evidence.runbook_id,
            "doubts": {gate.name: gate.value for gate in doubts},
            "reason": reason,
        },
    )
    log_on_commit(
        _log, "platform pattern approved", pattern_id=str(id), actor_id=str(actor.actor_id)
    )
    after = await patterns.platform_get(connection, id)
    if after is None:
        raise LookupError("its approval names it")
    return after


async def _room(connection: Connection, policy: Policy) -> tuple[int, str]:
    """Return how many rules a turn may make, and the policy value that says so."""
    left = max(0, policy.max_platform_rules - await quotas.platform_rules(connection))
    if left < policy.max_platform_rules_per_turn:
        return left, "max_platform_rules"
    return policy.max_platform_rules_per_turn, "max_platform_rules_per_turn"


async def _make(connection: Connection, pattern: PlatformPattern) -> Rule:
    evidence = pattern.evidence
    if evidence.runbook is None:
        raise LookupError("an open gate proves that the runbook is known")
    return await stored_rules.insert(
        connection,
        rules.learnt(
            source="platform",
            scope="platform",
            scope_id=None,
            incident_type=evidence.incident_type,
            runbook_id=evidence.runbook_id,
            platform=evidence.runbook.platform,
            generation=await patterns.generation(
                connection, evidence.incident_type, evidence.runbook_id
            ),
        ),
    )


def _matter(pattern: PlatformPattern, opened: tuple[Gate, ...]) -> Matter:
    evidence = pattern.evidence
    return Matter(
        incident_type=evidence.incident_type,
        runbook_id=evidence.runbook_id,
        evidence={
            "organizations": evidence.organizations,
            "partners": evidence.partners,
            "successes": evidence.counts.successes,
            "verified_successes": evidence.counts.verified_successes,
            "occurrences": evidence.counts.occurrences,
            "largest_organization": evidence.largest_organization,
        },
        gates=opened,
    )
