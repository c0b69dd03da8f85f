"""Rules that operators write themselves, for any scope."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import Id, Name, OperatorBody
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.rules.actions import custom_rules as actions
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.model.rules import Condition, NewRule
from flywheel_server.rules.routes import operator_rules as admin_rules
from flywheel_server.rules.routes.operator_rules import RuleView
from flywheel_server.rules.store import deliveries, runbooks
from flywheel_server.web import bodies
from flywheel_server.web.access import Admin, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: rules"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_MOST_PRIORITY = 1_000
_MOST_SECONDS = 7 * 86_400
ShortText = Annotated[bodies.Text, Field(min_length=1, max_length=1_000)]
JsonValue = Annotated[Any, Field(description="What to compare with.", examples=["firewall"])]


class ConditionBody(OperatorBody):
    """One comparison; a rule applies when all of its conditions hold."""

    field: ShortText = Field(description="A field of the incident.", examples=["check_type"])
    operator: str = Field(
        description="eq, ne (one value), contains (a text), regex (an expression that compiles in "
        "RE2's language and in Python's), gt, lt (whole numbers), in, not_in (lists), exists (true "
        "or false).",
        examples=["eq"],
    )
    value: JsonValue = None


class NewCustomRule(OperatorBody):
    """A rule to be served."""

    rule_id: str = Field(
        description="Its id on appliances, never used before.",
        pattern=r"^[A-Za-z0-9_-]{3,64}$",
        examples=["L1-CUSTOM-FIREWALL-001"],
    )
    scope: domain.RuleScope = Field(description="Whose appliances get it.", examples=["site"])
    scope_id: Id | None = Field(
        None,
        description="The id of the partner, organization or site; null for the platform.",
        examples=[_UUID],
    )
    incident_type: ShortText = Field(description="What it heals.", examples=["firewall_status"])
    runbook_id: ShortText | None = Field(
        None, description="By which runbook; else give an `action`.", examples=["RB-WIN-SEC-001"]
    )
    name: Name = Field(description="What people call it.", examples=["Firewall on"])
    description: Annotated[bodies.Text, Field(max_length=1_000)] = Field(
        "", description="What it is about.", examples=["Turns the firewall on again."]
    )
    conditions: list[ConditionBody] | None = Field(
        None,
        max_length=domain.MOST_CONDITIONS,
        description="All must hold, one of them check_type eq `incident_type`; null: that one, and "
        "that drift was detected.",
    )
    action: ShortText | None = Field(
        None, description="What the appliance does; null: runs the runbook.", examples=["escalate"]
    )
    action_params: bodies.JsonObject | None = Field(
        None, description="With which parameters; null: the runbook's."
    )
    hipaa_controls: list[ShortText] = Field(
        default_factory=list, max_length=50, description="Controls it serves."
    )
    severity_filter: list[ShortText] | None = Field(
        None, max_length=10, description="Only for these severities."
    )
    priority: int | None = Field(
        None, ge=0, le=_MOST_PRIORITY, description="Lower comes first; null: by scope."
    )
    cooldown_seconds: int = Field(300, ge=0, le=_MOST_SECONDS, description="Between two heals.")
    max_retries: int = Field(1, ge=0, le=10, description="Attempts after a failure.")


@router.post("/rules", status_code=201)
async def create_rule(scope: Admin, parts: RuntimeDep, body: NewCustomRule) -> RuleView:
    """Add a rule of your own: agents of its scope fetch it with their next sync, or are sent it.

    `delivery` of the answer says where that is final.
    """
    async with db.transaction(parts.database, scope) as connection:
        rule = await _rule(connection, body)
        made = await actions.create(connection, scope, rule, clock.now())
        in_scope = await deliveries.in_scope(connection, made.scope_id)
    return admin_rules.view(made, holders=in_scope)


async def _rule(connection: Connection, body: NewCustomRule) -> NewRule:
    await _check_scope(connection, body)
    action, params = await _action(connection, body)
    conditions = (
        domain.conditions_for(body.incident_type)
        if body.conditions is None
        else tuple(
            Condition(field=each.field, operator=each.operator, value=each.value)
            for each in body.conditions
        )
    )
    return NewRule(
        rule_id=body.rule_id,
        source="custom",
        scope=body.scope,
        scope_id=body.scope_id,
        incident_type=body.incident_type,
        runbook_id=body.runbook_id,
        name=body.name,
        description=body.description,
        conditions=conditions,
        action=action,
        action_params=params,
        hipaa_controls=tuple(body.hipaa_controls),
        severity_filter=None if body.severity_filter is None else tuple(body.severity_filter),
        priority=domain.PRIORITIES[body.scope] if body.priority is None else body.priority,
        cooldown_seconds=body.cooldown_seconds,
        max_retries=body.max_retries,
    )


async def _check_scope(connection: Connection, body: NewCustomRule) -> None:
    if (body.scope == "platform") != (body.scope_id is None):
        raise errors.InvalidInput("Give `scope_id` for every scope but the platform.")
    if body.scope_id is None:
        return
    found: object
    if body.scope == "partner":
        found = await accounts.get_partner(connection, body.scope_id)
    elif body.scope == "organization":
        found = await accounts.get_organization(connection, body.scope_id)
    else:
        found = await accounts.find_site(connection, str(body.scope_id))
    if found is None:
        raise errors.NotFound(f"There is no {body.scope} with this `scope_id`.")


async def _action(connection: Connection, body: NewCustomRule) -> tuple[str, dict[str, object]]:
    """Return the action and its parameters: those given, else those that run the runbook."""
    if body.runbook_id is None:
        if body.action is None:
            raise errors.InvalidInput("Give a `runbook_id` or an `action`.")
        return body.action, body.action_params or {}
    runbook = await runbooks.get(connection, body.runbook_id)
    if runbook is None:
        raise errors.NotFound("No runbook has this `runbook_id`: see GET /api/admin/runbooks.")
    action = domain.action_for(runbook.platform)
    if not runbook.executable or action is None:
        raise errors.InvalidInput("Appliances cannot execute this runbook: choose another.")
    if body.action not in {None, action}:
        raise errors.InvalidInput(f"A {runbook.platform} runbook is run by the action {action}.")
    params = domain.runbook_params(body.runbook_id)
    return action, (body.action_params or {}) | params
