"""What partners, clients and operators are shown and may send about candidates and healing.

Rates are counts, ``{successes, attempts}``; without attempts there is no rate: null, never 0 % or
100 %. Every figure of a window says which window, made from the query's own parameter.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import OperatorBody, View
from flywheel_server.core import clock, errors
from flywheel_server.core.db import Connection
from flywheel_server.executions.store.healing import Healing, LevelTotal
from flywheel_server.learning.model import decisions, gates, promotions
from flywheel_server.learning.routes.operator_learning import CountsView, GateView
from flywheel_server.learning.store.candidates import Candidate
from flywheel_server.policy.model import Policy
from flywheel_server.rules.routes import delivery_notes
from flywheel_server.rules.routes.delivery_notes import AgentNoteView
from flywheel_server.web import bodies

_LONGEST_NOTES = 2_000
_MOST_DAYS = 90
_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_PATTERN = "9f86d081884c7d65"

Notes = Annotated[bodies.Text, Field(max_length=_LONGEST_NOTES)]


class SuccessView(View):
    """How often something healed."""

    successes: int = Field(description="Attempts that healed.", examples=[18])
    attempts: int = Field(description="Successes and failures together.", examples=[20])


class PlaceView(BaseModel):
    """A site."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    site_id: str = Field(description="What its appliances call it.", examples=["site-lab-01"])
    name: str = Field(description="What people call it.", examples=["Main practice"])


class DecidedView(BaseModel):
    """A decision that was made."""

    decision: str = Field(description="approved or rejected", examples=["approved"])
    by: str = Field(description="Who decided.", examples=["pat@example.com"])
    at: dt.datetime = Field(description="When, UTC.", examples=[_TIME])
    tier: str = Field(description="client, partner or operator", examples=["partner"])
    custom_name: str | None = Field(description="Their name for the rule.", examples=[None])
    notes: str | None = Field(description="Why, in their words.", examples=["Seen it work."])


class EndorsedView(View):
    """A client's word for a candidate; it decides nothing."""

    by: str = Field(description="Who forwarded it.", examples=["kim@example.com"])
    at: dt.datetime = Field(description="When, UTC.", examples=[_TIME])
    notes: str | None = Field(description="Why, in their words.", examples=[None])


class CandidateItem(CountsView):
    """A pattern on its way to a decision."""

    id: str = Field(description="The pattern's id.", examples=[_PATTERN])
    signature: str = Field(description="{incident_type}:{runbook_id}:{hostname}, for reading only.")
    site: PlaceView = Field(description="Where it was learnt.")
    organization: str = Field(description="Whose site it is.", examples=["Harbour Dental"])
    healing_tier: str = Field(description="The site's tier.", examples=["standard"])
    incident_type: str = Field(description="What was wrong.", examples=["firewall_status"])
    runbook_id: str = Field(description="What healed it.", examples=["RB-WIN-SEC-001"])
    runbook_name: str | None = Field(
        description="What the runbook is called.", examples=["Windows security: firewall"]
    )
    platform: str | None = Field(description="The runbook's platform.", examples=["windows"])
    hostname: str = Field(description="On which host.", examples=["WS-TEST-2"])
    success: SuccessView = Field(description="How often it healed.")
    success_rate: float | None = Field(
        description="Fraction of attempts that healed; null without attempts.", examples=[0.95]
    )
    first_seen_at: dt.datetime = Field(description="First occurrence, UTC.", examples=[_TIME])
    last_seen_at: dt.datetime = Field(description="Last occurrence, UTC.", examples=[_TIME])
    status: str = Field(
        description="eligible, approved, rejected or withdrawn", examples=["eligible"]
    )
    status_changed_at: dt.datetime = Field(description="Since when, UTC.", examples=[_TIME])
    failing: list[str] = Field(description="The gates that are shut.", examples=[[]])
    covered_by: str | None = Field(
        description="The enabled rule that is for this incident type already.", examples=[None]
    )
    endorsed: EndorsedView | None = Field(description="The client's word for it, if given.")
    decided: DecidedView | None = Field(description="The decision, if made.")
    delivery_is_final: bool = Field(description=delivery_notes.FINAL, examples=[True])
    delivery: list[AgentNoteView] = Field(
        description="What delivery means on the site's appliances, by their kind of agent."
    )


class WindowView(BaseModel):
    """The time that figures are about."""

    days: int = Field(description="How many days.", examples=[30])
    since: dt.datetime = Field(description="From when, UTC.", examples=[_TIME])
    until: dt.datetime = Field(description="Until when, UTC.", examples=[_TIME])
    label: str = Field(description="The same for people.", examples=["last 30 days"])


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


class ApproveBody(OperatorBody):
    """How to approve; everything may be left out."""

    custom_name: Annotated[bodies.Text, Field(max_length=decisions.MOST_NAME)] | None = Field(
        None, description="Your name for the rule.", examples=["Firewall back on"]
    )
    notes: Notes | None = Field(None, description="Why.", examples=["Seen it work."])
    deploy_immediately: bool = Field(
        True, description="Order the site's appliances to take it now, besides their next sync."
    )
    rule_hash: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = Field(
        None, description="The hash of the rule that you were shown: another one by now is 409."
    )


class ReopenedView(View):
    """What a rejection is that was taken back."""

    candidate_id: str = Field(description="Which.", examples=[_PATTERN])
    status: str = Field(
        description="By its facts: `eligible`, or `observed` while a gate is shut.",
        examples=["eligible"],
    )


class DecisionView(BaseModel):
    """A decision, committed."""

    id: UUID = Field(description="The decision's id.", examples=[_UUID])
    candidate_id: str = Field(description="What was decided about.", examples=[_PATTERN])
    decision: str = Field(description="approved or rejected", examples=["approved"])
    rule_id: str | None = Field(description="The rule that came of it.", examples=["L1-fw-1"])
    rule_is_new: bool = Field(
        description="False where another host of the site had earned it.", examples=[True]
    )
    rule: dict[str, Any] | None = Field(description="The rule as appliances get it.")
    delivery_is_final: bool | None = Field(
        description=f"{delivery_notes.FINAL} Null: nothing is delivered.", examples=[True]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window of whole days that ends now."""

    days: int
    since: dt.datetime
    until: dt.datetime

    @property
    def view(self) -> WindowView:
        """Return it for people, labelled with the number that was asked for."""
        label = "last day" if self.days == 1 else f"last {self.days} days"
        return WindowView(days=self.days, since=self.since, until=self.until, label=label)


def _window(
    days: Annotated[
        int, Query(ge=1, le=_MOST_DAYS, description="How many days back the figures go.")
    ] = 30,
) -> Window:
    now = clock.now()
    return Window(days=days, since=now - dt.timedelta(days=days), until=now)


WindowDep = Annotated[Window, Depends(_window)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFilter:
    """A site to filter by, as it was written; it may be none of the caller's."""

    text: str | None

    async def find(self, connection: Connection) -> UUID | None:
        """Return the site's id, or None for all. Raises NotFound for a foreign or unknown one."""
        if self.text is None:
            return None
        found = await accounts.find_site(connection, self.text)
        if found is None:
            raise errors.NotFound("You have no such site: leave `site` out to see all of yours.")
        return found.id


def _site_filter(
    site: Annotated[
        str | None, Query(min_length=1, max_length=300, description="Only this site.")
    ] = None,
    # The name that operators' lists and appliances use.
    site_id: Annotated[
        str | None, Query(min_length=1, max_length=300, include_in_schema=False)
    ] = None,
) -> SiteFilter:
    return SiteFilter(text=site or site_id)


SiteFilterDep = Annotated[SiteFilter, Depends(_site_filter)]


def success(successes: int, attempts: int) -> tuple[SuccessView, float | None]:
    """Return counts and their rate, None without attempts."""
    found = decisions.Success(successes=successes, attempts=attempts)
    return SuccessView(successes=successes, attempts=attempts), found.rate


def candidate_fields(candidate: Candidate, policy: Policy, now: dt.datetime) -> dict[str, Any]:
    """Return what every view of a candidate shows."""
    evidence = candidate.evidence
    counts = evidence.counts
    shown, rate = success(counts.successes, counts.occurrences)
    return CountsView.model_validate(counts).model_dump() | {
        "id": candidate.id,
        "signature": f"{evidence.incident_type}:{evidence.runbook_id}:{candidate.hostname}",
        "site": PlaceView(
            id=candidate.site_id, site_id=candidate.site_slug, name=candidate.site_name
        ),
        "organization": candidate.organization_name,
        "healing_tier": candidate.healing_tier,
        "incident_type": evidence.incident_type,
        "runbook_id": evidence.runbook_id,
        "runbook_name": candidate.runbook_name,
        "platform": None if evidence.runbook is None else evidence.runbook.platform,
        "hostname": candidate.hostname,
        "success": shown,
        "success_rate": rate,
        "first_seen_at": candidate.first_seen_at,
        "last_seen_at": evidence.last_seen_at,
        "status": candidate.state,
        "status_changed_at": candidate.state_changed_at,
        "failing": [gate.name for gate in gates_of(candidate, policy, now) if not gate.passed],
        "covered_by": evidence.covered_by,
        "endorsed": None
        if candidate.endorsed is None
        else EndorsedView.model_validate(candidate.endorsed),
        "decided": decided(candidate),
        "delivery_is_final": delivery_notes.final(candidate.agent_versions),
        "delivery": delivery_notes.notes(candidate.agent_versions),
    }


def candidate_item(candidate: Candidate, policy: Policy, now: dt.datetime) -> CandidateItem:
    """Return a candidate as lists show it."""
    return CandidateItem(**candidate_fields(candidate, policy, now))


def gates_of(candidate: Candidate, policy: Policy, now: dt.datetime) -> tuple[gates.Gate, ...]:
    """Return a candidate's gates by the evidence that an approval would be judged by."""
    eligible = candidate.state == "eligible"
    evidence = candidate.deciding_evidence if eligible else candidate.evidence
    return promotions.site_gates(evidence, policy, now)


def gate_views(found: tuple[gates.Gate, ...]) -> list[GateView]:
    """Return gates for people."""
    return [GateView.model_validate(gate) for gate in found]


def decided(candidate: Candidate) -> DecidedView | None:
    """Return the decision on a candidate, if any."""
    made = candidate.decided
    if made is None:
        return None
    return DecidedView(
        decision=made.decision,
        by=made.by,
        at=made.at,
        tier=made.tier,
        custom_name=made.custom_name,
        notes=made.notes,
    )


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
    shown, rate = success(successes, successes + sum(each.failures for each in found))
    return LevelView(
        success=shown,
        success_rate=rate,
        not_attempted=sum(each.not_attempted for each in found),
        claimed_successes=sum(each.claimed_successes for each in found),
        claimed_failures=sum(each.claimed_failures for each in found),
    )
