"""Adds a rule that an operator wrote. Its id is never used again for other content."""

import datetime as dt

from flywheel_server.accounts.store import accounts
from flywheel_server.core import audit, errors, expressions, listener
from flywheel_server.core.db import Connection, announce
from flywheel_server.core.scope import OperatorScope
from flywheel_server.folds import due
from flywheel_server.rules.actions import rules as switching
from flywheel_server.rules.model import condition_values, rules as domain
from flywheel_server.rules.model.rules import Draft, NewRule, Rule
from flywheel_server.rules.store import rules, runbooks


async def create(
    connection: Connection, actor: OperatorScope, draft: Draft, now: dt.datetime
) -> Rule:
    """Store and serve a rule.

    Raises InvalidInput unless every agent reads it alike, NotFound for an unknown tenant or
    runbook, AlreadyExists for an id in use.
    """
    rule = await _complete(connection, draft)
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


async def _complete(connection: Connection, draft: Draft) -> NewRule:
    """Return the rule with everything that the draft leaves out."""
    await _check_scope(connection, draft)
    action, params = await _action(connection, draft)
    return NewRule(
        rule_id=draft.rule_id,
        source="custom",
        scope=draft.scope,
        scope_id=draft.scope_id,
        incident_type=draft.incident_type,
        runbook_id=draft.runbook_id,
        name=draft.name,
        description=draft.description,
        conditions=domain.conditions_for(draft.incident_type)
        if draft.conditions is None
        else draft.conditions,
        action=action,
        action_params=params,
        hipaa_controls=draft.hipaa_controls,
        severity_filter=draft.severity_filter,
        priority=domain.PRIORITIES[draft.scope] if draft.priority is None else draft.priority,
        cooldown_seconds=draft.cooldown_seconds,
        max_retries=draft.max_retries,
    )


async def _check_scope(connection: Connection, draft: Draft) -> None:
    if (draft.scope == "platform") != (draft.scope_id is None):
        raise errors.InvalidInput("Give `scope_id` for every scope but the platform.")
    if draft.scope_id is None:
        return
    found: object
    if draft.scope == "partner":
        found = await accounts.get_partner(connection, draft.scope_id)
    elif draft.scope == "organization":
        found = await accounts.get_organization(connection, draft.scope_id)
    else:
        found = await accounts.find_site(connection, str(draft.scope_id))
    if found is None:
        raise errors.NotFound(f"There is no {draft.scope} with this `scope_id`.")


async def _action(connection: Connection, draft: Draft) -> tuple[str, dict[str, object]]:
    """Return the action and its parameters: those given, else those that run the runbook."""
    if draft.runbook_id is None:
        if draft.action is None:
            raise errors.InvalidInput("Give a `runbook_id` or an `action`.")
        return draft.action, draft.action_params or {}
    runbook = await runbooks.get(connection, draft.runbook_id)
    if runbook is None:
        raise errors.NotFound("No runbook has this `runbook_id`: see GET /api/admin/runbooks.")
    action = domain.action_for(runbook.platform)
    if not runbook.executable or action is None:
        raise errors.InvalidInput("Appliances cannot execute this runbook: choose another.")
    if draft.action not in {None, action}:
        raise errors.InvalidInput(f"A {runbook.platform} runbook is run by the action {action}.")
    params = domain.runbook_params(draft.runbook_id)
    return action, (draft.action_params or {}) | params


def _check_values(rule: NewRule) -> None:
    for condition in rule.conditions:
        condition_values.check(condition)
        if condition.operator == "regex":
            why = expressions.objection(str(condition.value))
            if why is not None:
                raise condition_values.unfit(condition, f"has an expression that {why}")


def _text(rule: Rule) -> str | None:
    return None if rule.scope_id is None else str(rule.scope_id)
