"""Views of executions: one at a time, and counted."""

import datetime as dt
from collections.abc import Sequence

from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.executions.store.healing import Healing, LevelTotal
from flywheel_server.web import rates
from flywheel_server.web.rates import SuccessView
from flywheel_server.web.windows import WindowView

_TIME = "2026-02-24T10:00:00Z"


class HealingItem(View):
    """One execution in force: its newest version, if it was corrected."""

    site: str = Field(validation_alias="slug", description="Where.", examples=["site-lab-01"])
    site_name: str = Field(description="What people call it.", examples=["Main practice"])
    execution_id: str = Field(description="As the appliance sent it.", examples=["l1-drift-1"])
    received_at: dt.datetime = Field(description="When it came in, UTC.", examples=[_TIME])
    occurred_at: dt.datetime = Field(description="When it happened, UTC.", examples=[_TIME])
    level: str = Field(description="L1, L2 or L3", examples=["L1"])
    incident_id: str = Field(description="What it healed.", examples=["drift-1"])
    incident_type: str = Field(description="What was wrong.", examples=["firewall_status"])
    hostname: str = Field(description="On which host.", examples=["WS-TEST-2"])
    reported_id: str = Field(description="The rule or runbook, as sent.", examples=["L1-FW-002"])
    runbook_id: str | None = Field(
        description="The runbook that this means, if it is one.", examples=["RB-WIN-SEC-001"]
    )
    outcome: str = Field(description="success, failure or not_attempted", examples=["success"])
    standing: str = Field(
        description="How far to believe it. verified: a post-check or a later scan said so; "
        "observed: the agent ran it and saw the result; claimed: this agent version cannot know, "
        "so it counts in no rate.",
        examples=["observed"],
    )
    verified: bool | None = Field(
        description="What the post-check said; null: none ran.", examples=[None]
    )
    chaos_campaign_id: str | None = Field(description="The chaos test, if any.", examples=[None])
    error_category: str | None = Field(description="Why it failed, in a word.", examples=[None])
    error_message: str | None = Field(description="Why it failed.", examples=[None])
    duration_seconds: float | None = Field(description="How long it took.", examples=[1.5])


class LevelView(BaseModel):
    """What happened at one level."""

    success: SuccessView = Field(description="How often it healed.")
    success_rate: float | None = Field(
        description="Fraction of attempts that healed; null without attempts.", examples=[0.95]
    )
    not_attempted: int = Field(description="Never tried: part of no rate.", examples=[2])
    claimed_successes: int = Field(
        description="Claimed by agent versions that cannot know: part of no rate.", examples=[0]
    )
    claimed_failures: int = Field(
        description="Claimed by agent versions that cannot know: part of no rate.", examples=[0]
    )


class TotalsView(LevelView):
    """All that the filters let through, on whichever page."""

    executions: int = Field(description="Everything listed.", examples=[22])
    levels: dict[str, LevelView] = Field(description="The same for L1, L2 and L3.")


class HealingLog(BaseModel):
    """One page of executions, with the totals of all pages."""

    items: list[HealingItem] = Field(description="The newest first.")
    next: str | None = Field(description="Send it as `?next=` for more; null on the last page.")
    totals: TotalsView = Field(description="Of all pages, under the same filters.")
    window: WindowView = Field(description="The time that this is about.")


def totals(found: Sequence[LevelTotal]) -> TotalsView:
    """Return totals over all levels and for each."""
    levels = {level: _level([]) for level in ("L1", "L2", "L3")}
    levels |= {each.level: _level([each]) for each in found}
    whole = _level(found)
    claimed = whole.claimed_successes + whole.claimed_failures
    return TotalsView(
        **{name: getattr(whole, name) for name in LevelView.model_fields},
        executions=whole.success.attempts + whole.not_attempted + claimed,
        levels=levels,
    )


def healing_item(row: Healing) -> HealingItem:
    """Return an execution for people."""
    return HealingItem.model_validate(row)


def _level(found: Sequence[LevelTotal]) -> LevelView:
    successes = sum(each.successes for each in found)
    shown, rate = rates.success(successes, successes + sum(each.failures for each in found))
    return LevelView(
        success=shown,
        success_rate=rate,
        not_attempted=sum(each.not_attempted for each in found),
        claimed_successes=sum(each.claimed_successes for each in found),
        claimed_failures=sum(each.claimed_failures for each in found),
    )
