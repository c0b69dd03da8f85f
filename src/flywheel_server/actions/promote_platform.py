"""The platform's own promotion: a pair that has proven itself across organizations becomes a rule.

It never enables a rule again and never makes a second one for a pair that has one.
"""

import datetime as dt

from flywheel_server import db, listener
from flywheel_server.actions import audit
from flywheel_server.db import Connection
from flywheel_server.domain import gates, promotions, rules
from flywheel_server.domain.policy import Policy
from flywheel_server.domain.scope import LoopScope
from flywheel_server.store import patterns
from flywheel_server.store import rules as stored_rules


async def promote(
    connection: Connection, actor: LoopScope, policy: Policy, now: dt.datetime
) -> tuple[int, int]:
    """Promote every pair whose gates are open; return how many were near, how many promoted."""
    near = await patterns.platform_due(
        connection, policy.platform_min_organizations, policy.platform_min_occurrences
    )
    promoted = 0
    for pattern in near:
        opened = promotions.platform_gates(pattern.evidence, policy)
        if not gates.failing(opened):
            await _promote_one(connection, actor, pattern, now)
            promoted += 1
    if promoted:
        await db.announce(connection, listener.RULES, "platform")
    return len(near), promoted


async def _promote_one(
    connection: Connection, actor: LoopScope, pattern: patterns.PlatformPattern, now: dt.datetime
) -> None:
    evidence = pattern.evidence
    if evidence.runbook is None:
        raise LookupError("an open gate proves that the runbook is known")
    made = await stored_rules.insert(
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
    await patterns.mark_type_stale(connection, evidence.incident_type)
    await audit.record(
        connection,
        actor,
        "rule.promote",
        object_kind="rule",
        object_id=str(made.id),
        now=now,
        after={
            "rule_id": made.rule_id,
            "incident_type": evidence.incident_type,
            "runbook_id": evidence.runbook_id,
            "organizations": evidence.organizations,
            "successes": evidence.counts.successes,
            "verified_successes": evidence.counts.verified_successes,
            "occurrences": evidence.counts.occurrences,
            "largest_organization": evidence.largest_organization,
        },
    )
