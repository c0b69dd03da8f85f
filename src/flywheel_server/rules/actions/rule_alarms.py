"""What a person has to look at about a rule: begun by the loop, ended by an answer or by itself.

A rule whose evidence was corrected or left until its gate is shut is not unmade by that alone: a
person keeps it with a reason or switches it off, or the gate opens again.
"""

import datetime as dt
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import audit, errors, rights
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope
from flywheel_server.rules.actions import rules as switching
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rule_alarms, rules
from flywheel_server.rules.store.rule_alarms import Kind, RuleAlarm

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
    id: UUID | None,
    *,
    reason: str,
    now: dt.datetime,
    of: UUID | None = None,
) -> RuleAlarm:
    """Say that a person has looked, and why the rule may stay as it is: its alarm ends.

    ``id`` is None for a text that is not an id. With ``of`` it has to be about this rule. Raises
    NotFound, Conflict where it was answered or is over, and Forbidden for an organization whose
    partner decides at the rule's site.
    """
    found = None if id is None else await rule_alarms.get(connection, id)
    rule = None if found is None else await rules.get(connection, found.rule)
    if found is None or rule is None or of not in {None, rule.id}:
        raise errors.NotFound("No alarm about a rule has this id: take one from the alarms.")
    if isinstance(scope, ClientScope):
        site = await accounts.find_site(connection, str(found.site_id))
        if site is None or not rights.decides_at(scope, site.healing_tier):
            raise errors.Forbidden("Your IT partner decides at this site: ask them to look at it.")
    answered = await rule_alarms.answer(connection, found.id, audit.identity(scope)[2], reason, now)
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
