"""A candidate with everything that a decision needs."""

import datetime as dt
from typing import Any

from pydantic import BaseModel, Field

from flywheel_server.executions.routes.healing_views import HealingItem
from flywheel_server.executions.store.healing import Day
from flywheel_server.learning.store.candidates import Candidate, Said
from flywheel_server.learning.views.candidates import CandidateItem
from flywheel_server.learning.views.hosts import HostView
from flywheel_server.learning.views.patterns import GateView
from flywheel_server.rules.views.delivery_notes import ApplianceNoteView
from flywheel_server.web import rates
from flywheel_server.web.rates import SuccessView
from flywheel_server.web.windows import WindowView

_TIME = "2026-02-24T10:00:00Z"


class DayView(BaseModel):
    """What was received on one UTC day."""

    day: dt.date = Field(description="The day.", examples=["2026-02-24"])
    success: SuccessView = Field(description="How often it healed.")
    not_attempted: int = Field(description="Never tried: part of no rate.", examples=[0])
    claimed: int = Field(
        description="Claimed by agent versions that cannot know: part of no rate.", examples=[0]
    )


class HistoryView(BaseModel):
    """Something that was said or decided."""

    what: str = Field(description="endorsed, approved, rejected or reopened", examples=["endorsed"])
    by: str = Field(description="By whom.", examples=["kim@example.com"])
    at: dt.datetime = Field(description="When, UTC.", examples=[_TIME])
    tier: str = Field(description="client, partner or operator", examples=["client"])
    notes: str | None = Field(description="Why, in their words.", examples=[None])
    evidence: dict[str, Any] | None = Field(description="What was known, if it was a decision.")


class WouldBeView(BaseModel):
    """The rule that approval would make now, as appliances would get it."""

    rule: dict[str, Any] | None = Field(description="The rule; null where none can be made.")
    rule_hash: str | None = Field(
        description="Send it with the approval, so that nothing else is approved."
    )
    is_new: bool = Field(description="False: a rule of the site that it would join.")
    reason: str | None = Field(description="Why none can be made.", examples=[None])


class CandidateDetail(CandidateItem):
    """A candidate with everything that a decision needs."""

    gates: list[GateView] = Field(description="In order; all have to be open.")
    spread: str = Field(
        description="How its evidence is spread, in one sentence.",
        examples=["18 of 20 healed, for 9 incidents, one of them repeated 12 times."],
    )
    warnings: list[GateView] = Field(
        description="What whoever decides may want to look at: these shut nothing."
    )
    hosts: list[HostView] = Field(
        description="The site's hosts with the same pair, by name: the wanted fifty."
    )
    hosts_next: str | None = Field(
        description="Send it as `?hosts_next=` for more of them; null on the last page.",
        examples=[None],
    )
    executions: list[HealingItem] = Field(description="Its newest executions, at most 50.")
    by_day: list[DayView] = Field(description="Its evidence by day.")
    window: WindowView = Field(description="The time that executions and days are about.")
    would_be: WouldBeView | None = Field(description="Null once it is decided.")
    rule_hash: str | None = Field(
        description="The same hash as in `would_be`, where approvals look for it first."
    )
    rule_id: str | None = Field(description="The rule that came of it.", examples=[None])
    history: list[HistoryView] = Field(description="The oldest first.")
    appliances: list[ApplianceNoteView] = Field(
        description="What delivery means on each appliance of the site."
    )


class ClientCandidateDetail(CandidateDetail):
    """A candidate of one's own organization, with everything that a decision needs."""

    may_decide: bool = Field(
        description="Whether an admin may approve or reject it; else forward it.", examples=[False]
    )


def of_day(day: Day) -> DayView:
    """Return what was received on a day."""
    shown, _ = rates.success(day.successes, day.successes + day.failures)
    return DayView(day=day.day, success=shown, not_attempted=day.not_attempted, claimed=day.claimed)


def history(candidate: Candidate, decisions: list[Said]) -> list[HistoryView]:
    """Return what was decided and said about a candidate, the oldest first."""
    said = [HistoryView.model_validate(each, from_attributes=True) for each in decisions]
    if candidate.endorsed is not None:
        word = candidate.endorsed
        said.append(
            HistoryView(
                what="endorsed",
                by=word.by,
                at=word.at,
                tier="client",
                notes=word.notes,
                evidence=None,
            )
        )
    return sorted(said, key=lambda each: each.at)
