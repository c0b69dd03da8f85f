"""What operators may send of a rule of their own."""

from typing import Annotated, Any

from pydantic import Field

from flywheel_server.accounts.views.bodies import Id, Name, OperatorBody
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.model.rules import Condition, Draft
from flywheel_server.web import bodies

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

    def draft(self) -> Draft:
        """Return the rule that this asks for."""
        return Draft(
            rule_id=self.rule_id,
            scope=self.scope,
            scope_id=self.scope_id,
            incident_type=self.incident_type,
            runbook_id=self.runbook_id,
            name=self.name,
            description=self.description,
            conditions=None
            if self.conditions is None
            else tuple(
                Condition(field=each.field, operator=each.operator, value=each.value)
                for each in self.conditions
            ),
            action=self.action,
            action_params=self.action_params,
            hipaa_controls=tuple(self.hipaa_controls),
            severity_filter=None if self.severity_filter is None else tuple(self.severity_filter),
            priority=self.priority,
            cooldown_seconds=self.cooldown_seconds,
            max_retries=self.max_retries,
        )
