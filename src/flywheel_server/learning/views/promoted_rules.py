"""Rules that candidates became, as partners see them, and switching them."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from flywheel_server.accounts.views.bodies import OperatorBody, Reason, View
from flywheel_server.accounts.views.sites import PlaceView
from flywheel_server.learning.store.promotions import Origin
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.views import delivery_notes
from flywheel_server.rules.views.delivery_notes import AgentNoteView
from flywheel_server.web import rates
from flywheel_server.web.rates import SuccessView

_TIME = "2026-02-24T10:00:00Z"


class PromotedRule(View):
    """A rule that a candidate became, and what it did since."""

    id: UUID = Field(description="Its id.")
    rule_id: str = Field(description="Its id on appliances.", examples=["L1-firewall-status-1"])
    name: str = Field(description="Its name on appliances.", examples=["Firewall on"])
    custom_name: str | None = Field(
        description="As people call it: its approver, or who renamed it.", examples=[None]
    )
    site: PlaceView = Field(description="Whose appliances get it.")
    incident_type: str = Field(description="What it heals.", examples=["firewall_status"])
    runbook_id: str | None = Field(description="By which runbook.", examples=["RB-WIN-SEC-001"])
    state: str = Field(description="enabled, disabled or withdrawn", examples=["enabled"])
    enabled: bool = Field(description="Whether it is served.", examples=[True])
    disabled_reason: str | None = Field(description="Why it is not.", examples=[None])
    enabled_changed_at: dt.datetime = Field(description="Since when.", examples=[_TIME])
    withdrawn_at: dt.datetime | None = Field(description="When it failed.", examples=[None])
    matches: int = Field(description="Its L1 executions.", examples=[21])
    success: SuccessView = Field(description="How often it healed.")
    success_rate: float | None = Field(description="Null without attempts.", examples=[0.95])
    promoted_at: dt.datetime = Field(description="When it was approved.", examples=[_TIME])
    promoted_by: str | None = Field(description="By whom.", examples=["pat@example.com"])
    tier: str | None = Field(description="client, partner or operator", examples=["partner"])
    notes: str | None = Field(description="Why, in their words.", examples=[None])
    pattern_id: str | None = Field(description="The first candidate.", examples=[None])
    hosts: int = Field(description="How many candidates share it.", examples=[1])
    delivery_is_final: bool = Field(
        description="Whether an appliance that has it keeps it: switching off does not remove it.",
        examples=[True],
    )
    delivery: list[AgentNoteView] = Field(
        description="What switching off means on the appliances that have it, and the remedy."
    )


class StatusBody(OperatorBody):
    """What to switch a rule to."""

    enabled: bool = Field(description="Whether it shall be served.", examples=[False])
    reason: Reason = Field(description="Why.", examples=["Restarts what must stay stopped."])


def view(row: tuple[Origin, Rule], holders: Sequence[str]) -> PromotedRule:
    """Return a promoted rule for people; ``holders`` are the agent versions that have it."""
    origin, rule = row
    shown, rate = rates.success(rule.success_count, rule.success_count + rule.failure_count)
    state = "enabled" if rule.enabled else "withdrawn" if rule.withdrawn_at else "disabled"
    return PromotedRule(
        id=rule.id,
        rule_id=rule.rule_id,
        name=rule.name,
        custom_name=origin.custom_name,
        site=PlaceView(id=origin.site_id, site_id=origin.slug, name=origin.site_name),
        incident_type=rule.incident_type,
        runbook_id=rule.runbook_id,
        state=state,
        enabled=rule.enabled,
        disabled_reason=rule.disabled_reason,
        enabled_changed_at=rule.enabled_changed_at,
        withdrawn_at=rule.withdrawn_at,
        matches=rule.match_count,
        success=shown,
        success_rate=rate,
        promoted_at=origin.decided_at or rule.created_at,
        promoted_by=origin.actor_name,
        tier=origin.tier,
        notes=origin.notes,
        pattern_id=origin.pattern_id,
        hosts=origin.hosts or 0,
        delivery_is_final=delivery_notes.final(holders),
        delivery=delivery_notes.notes(holders, rule.rule_id),
    )
