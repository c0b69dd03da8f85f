"""Adds a rule that an operator wrote. Its id is never used again for other content."""

import datetime as dt

from flywheel_server.core import audit, errors, expressions, listener
from flywheel_server.core.db import Connection, announce
from flywheel_server.core.scope import OperatorScope
from flywheel_server.folds import due
from flywheel_server.rules.actions import rules as switching
from flywheel_server.rules.model import condition_values, rules as domain
from flywheel_server.rules.model.rules import NewRule, Rule
from flywheel_server.rules.store import rules


async def create(
    connection: Connection, actor: OperatorScope, rule: NewRule, now: dt.datetime
) -> Rule:
    """Store and serve a rule.

    Raises InvalidInput unless every agent reads it alike, AlreadyExists for an id in use.
    """
    domain.check_wire(rule)
    _check_values(rule)
    if await rules.find(connection, rule.rule_id):
        # Also in another scope: an appliance that gets both keeps whichever came first.
        raise errors.AlreadyExists(
            f"There is a rule `{rule.rule_id}` already, perhaps a disabled one: an id is never "
            "used again for other content, choose another.",
            rule_id=rule.rule_id,
        )
    made = await rules.insert(connection, rule)
    await announce(connection, listener.RULES, domain.announcement(made))
    await due.mark_type_due(connection, made.incident_type)
    tenant = await switching.tenant(connection, made)
    await audit.record(
        connection,
        actor,
        "rule.create",
        object_kind="rule",
        object_id=str(made.id),
        now=now,
        after=domain.wire(made) | {"scope": made.scope, "scope_id": _text(made)},
        partner_id=tenant.partner_id,
        organization_id=tenant.organization_id,
        site_id=tenant.site_id,
    )
    return made


def _check_values(rule: NewRule) -> None:
    for condition in rule.conditions:
        condition_values.check(condition)
        if condition.operator == "regex":
            why = expressions.objection(str(condition.value))
            if why is not None:
                raise condition_values.unfit(condition, f"has an expression that {why}")


def _text(rule: Rule) -> str | None:
    return None if rule.scope_id is None else str(rule.scope_id)
