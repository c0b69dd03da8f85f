"""A rule as operators see it: what it is, its state, its counters and what its delivery means."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.rules.model import detect_only, rules as domain
from flywheel_server.rules.views import delivery_notes
from flywheel_server.rules.views.delivery_notes import AgentNoteView
from flywheel_server.rules.views.health import HealthView

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_MADE = frozenset({"success", "health", "detect_only", "delivery_is_final", "delivery"})


class SuccessView(View):
    """How often a rule healed."""

    successes: int = Field(description="Attempts that healed.", examples=[18])
    attempts: int = Field(description="Successes and failures together.", examples=[20])


class RuleView(View):
    """A rule, its state and its counters."""

    id: UUID = Field(description="Its id in this server.", examples=[_UUID])
    rule_id: str = Field(description="Its id on appliances.", examples=["L1-FIREWALL-002"])
    source: domain.Source = Field(description="Where it comes from.", examples=["platform"])
    scope: domain.RuleScope = Field(description="Whose appliances get it.", examples=["platform"])
    scope_id: UUID | None = Field(
        description="The partner, organization or site of its scope; null for the platform.",
        examples=[None],
    )
    tier: str | None = Field(description="Synced rules: which tier gets it.", examples=[None])
    incident_type: str = Field(description="What it heals.", examples=["firewall_status"])
    runbook_id: str | None = Field(description="By which runbook.", examples=["RB-WIN-SEC-001"])
    name: str = Field(description="What people call it.", examples=["Firewall on"])
    description: str = Field(description="What it is about.", examples=["Built in."])
    conditions: list[dict[str, Any]] = Field(
        description="All must hold.",
        examples=[[{"field": "check_type", "operator": "eq", "value": "firewall_status"}]],
    )
    action: str = Field(description="What the appliance does.", examples=["run_windows_runbook"])
    action_params: dict[str, Any] = Field(
        description="With which parameters.", examples=[{"runbook_id": "RB-WIN-SEC-001"}]
    )
    hipaa_controls: list[str] = Field(description="Controls it serves.", examples=[["164.312(b)"]])
    severity_filter: list[str] | None = Field(
        description="Only for these severities.", examples=[None]
    )
    detect_only: bool = Field(
        description="Looks and heals nothing: what is reported under it was not attempted.",
        examples=[False],
    )
    priority: int = Field(description="Lower comes first.", examples=[56])
    cooldown_seconds: int = Field(description="Pause between two heals.", examples=[300])
    max_retries: int = Field(description="Attempts after a failure.", examples=[1])
    enabled: bool = Field(description="Whether it is served.", examples=[True])
    disabled_reason: str | None = Field(description="Why it is not.", examples=[None])
    enabled_changed_at: dt.datetime = Field(description="Since when.", examples=[_TIME])
    withdrawn_at: dt.datetime | None = Field(
        description="When it was withdrawn for failing.", examples=[None]
    )
    match_count: int = Field(description="Its L1 executions.", examples=[21])
    success_count: int = Field(description="Those that healed.", examples=[18])
    failure_count: int = Field(description="Those that failed.", examples=[2])
    success: SuccessView = Field(description="The same, as shown to people.")
    success_rate: float | None = Field(
        description="Fraction of attempts that healed; null without attempts.", examples=[0.9]
    )
    health: HealthView | None = Field(
        description="How near it is to being withdrawn; null: it is not watched."
    )
    created_at: dt.datetime = Field(description="When it was made.", examples=[_TIME])
    delivery_is_final: bool = Field(
        description="Whether an appliance that has it keeps it: switching off does not remove it.",
        examples=[True],
    )
    delivery: list[AgentNoteView] = Field(
        description="What switching off means on the appliances that have it, and the remedy."
    )


def view(
    rule: domain.Rule, health: HealthView | None = None, holders: Sequence[str] = ()
) -> RuleView:
    """Return a rule as operators see it; ``holders`` are the agent versions that have it."""
    values = {name: getattr(rule, name) for name in RuleView.model_fields if name not in _MADE}
    values["detect_only"] = detect_only.only_looks(rule.runbook_id or rule.rule_id)
    values["health"] = health
    values["delivery_is_final"] = delivery_notes.final(holders)
    values["delivery"] = delivery_notes.notes(holders, rule.rule_id)
    values["conditions"] = domain.conditions_as_json(rule.conditions)
    values["success"] = SuccessView(
        successes=rule.success_count, attempts=rule.success_count + rule.failure_count
    )
    return RuleView.model_validate(values)
