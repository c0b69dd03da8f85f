"""What was healed, for an organization's people: each execution with who healed it, and why.

The words are made by ``executions.model.healing_words``, of what the rule, the plan and the
execution say.
"""

import datetime as dt

from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.executions.model import healing_words
from flywheel_server.executions.model.healing_words import Approval, Facts, PlanFacts, RuleFacts
from flywheel_server.executions.routes import healing_views
from flywheel_server.executions.routes.healing_views import HealingItem, TotalsView
from flywheel_server.executions.store.healing import Healing
from flywheel_server.executions.store.healing_reasons import Plan, Reason, Rule
from flywheel_server.web.rates import SuccessView
from flywheel_server.web.windows import WindowView

_TIME = "2026-02-24T10:00:00Z"
_BY = {"L1": "rule", "L2": "planner", "L3": "person"}


class StoryView(View):
    """The same in words."""

    fault: str = Field(
        description="What was wrong.", examples=["The firewall on WS-1 was not as it should be."]
    )
    deed: str = Field(
        description="Who did what about it.",
        examples=["A rule that was learnt at this site ran the repair “Windows firewall”."],
    )
    result: str = Field(
        description="What came of it.",
        examples=["It worked, in 1.5 seconds. Checked afterwards: the fault was gone."],
    )


class HealingRuleView(BaseModel):
    """The rule that healed it."""

    rule_id: str = Field(description="Its id on appliances.", examples=["L1-FIREWALL-002"])
    name: str = Field(description="What people call it.", examples=["Firewall on"])
    source: str = Field(description="Where it comes from.", examples=["promoted"])
    scope: str = Field(description="Whose appliances get it.", examples=["site"])
    approved_by: str | None = Field(description="Who approved it.", examples=["kim@example.com"])
    approved_tier: str | None = Field(
        description="client, partner or operator", examples=["client"]
    )
    approved_at: dt.datetime | None = Field(description="When, UTC.", examples=[_TIME])
    evidence: SuccessView | None = Field(
        description="How often the same repair had worked by then, if a person approved it."
    )


class HealingPlanView(View):
    """The plan that it came of."""

    planner: str | None = Field(description="Who proposed it.", examples=["model"])
    decided_by: str | None = Field(
        description="Who approved it, if it had to wait for a person.", examples=[None]
    )
    decided_by_kind: str | None = Field(description="What they are.", examples=["client"])
    decided_at: dt.datetime | None = Field(description="When, UTC.", examples=[None])


class ClientHealing(HealingItem):
    """One execution in force, with who healed it and why."""

    healed_by: str = Field(description="rule, planner or person", examples=["rule"])
    runbook_name: str | None = Field(
        description="What the repair is called, if it is known.", examples=["Windows firewall"]
    )
    rule: HealingRuleView | None = Field(description="The rule, if it leads to one.")
    plan: HealingPlanView | None = Field(description="The plan, if it came of one.")
    story: StoryView = Field(description="All of it in words.")


class ClientHealingLog(BaseModel):
    """One page of executions, with the totals of all pages."""

    items: list[ClientHealing] = Field(description="The newest first.")
    next: str | None = Field(description="Send it as `?next=` for more; null on the last page.")
    totals: TotalsView = Field(description="Of all pages, under the same filters.")
    window: WindowView = Field(description="The time that this is about.")


def view(healing: Healing, reason: Reason) -> ClientHealing:
    """Return an execution with its reason."""
    # As names and values: dumped, a field would have another name than the one it is read by.
    item = healing_views.healing_item(healing)
    return ClientHealing(
        slug=item.site,
        **{name: value for name, value in item if name != "site"},
        healed_by=_BY[healing.level],
        runbook_name=reason.runbook_name,
        rule=_rule(reason.rule, healing),
        plan=None if reason.plan is None else HealingPlanView.model_validate(reason.plan),
        story=StoryView.model_validate(healing_words.story(_facts(healing, reason))),
    )


def _rule(rule: Rule | None, healing: Healing) -> HealingRuleView | None:
    if rule is None:
        return None
    approval = _approval(rule, healing)
    return HealingRuleView(
        rule_id=rule.rule_id,
        name=rule.custom_name or rule.name,
        source=rule.source,
        scope=rule.scope,
        approved_by=None if approval is None else approval.by,
        approved_tier=None if approval is None else approval.tier,
        approved_at=None if approval is None else rule.approved_at,
        evidence=None
        if approval is None
        else SuccessView(successes=approval.successes, attempts=approval.attempts),
    )


def _facts(healing: Healing, reason: Reason) -> Facts:
    rule = reason.rule
    return Facts(
        level=healing.level,
        incident_type=healing.incident_type,
        hostname=healing.hostname,
        runbook_name=reason.runbook_name,
        outcome=healing.outcome,
        standing=healing.standing,
        verified=healing.verified,
        duration_seconds=healing.duration_seconds,
        error_category=healing.error_category,
        chaos=healing.chaos_campaign_id is not None,
        rule=None
        if rule is None
        else RuleFacts(
            source=rule.source,
            scope=rule.scope,
            tier=rule.tier,
            name=rule.custom_name or rule.name,
            approval=_approval(rule, healing),
        ),
        plan=_plan(reason.plan),
    )


def _plan(plan: Plan | None) -> PlanFacts | None:
    if plan is None:
        return None
    return PlanFacts(
        planner=plan.planner, decided_by=plan.decided_by, decided_by_kind=plan.decided_by_kind
    )


def _approval(rule: Rule, healing: Healing) -> Approval | None:
    """Return the approval that was there when it healed."""
    if rule.approved_by is None or rule.approved_at is None or rule.approved_tier is None:
        return None
    if rule.approved_at > healing.received_at:
        return None
    known = rule.evidence or {}
    return Approval(
        tier=rule.approved_tier,
        by=rule.approved_by,
        successes=int(known.get("successes", 0)),
        attempts=int(known.get("successes", 0)) + int(known.get("failures", 0)),
    )
