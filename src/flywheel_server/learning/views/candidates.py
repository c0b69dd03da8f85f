"""What partners, clients and operators are shown and may send about candidates."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import OperatorBody, View
from flywheel_server.accounts.views.sites import PlaceView
from flywheel_server.core import rights
from flywheel_server.core.scope import ClientScope
from flywheel_server.learning.actions.promote import Decision
from flywheel_server.learning.model import decisions, gates, promotions
from flywheel_server.learning.store.candidates import Candidate
from flywheel_server.learning.views.patterns import CountsView, GateView
from flywheel_server.policy.model import Policy
from flywheel_server.rules.model import rules
from flywheel_server.rules.views import delivery_notes
from flywheel_server.rules.views.delivery_notes import AgentNoteView
from flywheel_server.web import bodies, rates
from flywheel_server.web.rates import SuccessView

_LONGEST_NOTES = 2_000
_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_PATTERN = "9f86d081884c7d65"

CandidateId = Annotated[
    str, Path(description="The candidate's id, from a list.", examples=["9f86d081884c7d65"])
]
Notes = Annotated[bodies.Text, Field(max_length=_LONGEST_NOTES)]


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


class ClientCandidate(CandidateItem):
    """A candidate of one's own organization."""

    may_decide: bool = Field(
        description="Whether an admin may approve or reject it; else forward it.", examples=[False]
    )


class ForwardBody(OperatorBody):
    """Why the partner should approve it."""

    notes: Notes | None = Field(None, description="Why.", examples=["It happens every Monday."])


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


def candidate_fields(candidate: Candidate, policy: Policy, now: dt.datetime) -> dict[str, Any]:
    """Return what every view of a candidate shows."""
    evidence = candidate.evidence
    counts = evidence.counts
    shown, rate = rates.success(counts.successes, counts.occurrences)
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


def client_candidate(
    candidate: Candidate, policy: Policy, now: dt.datetime, scope: ClientScope
) -> ClientCandidate:
    """Return a candidate as people of its own organization see it in lists."""
    return ClientCandidate(
        **candidate_fields(candidate, policy, now),
        may_decide=rights.decides_on(scope, candidate.healing_tier, candidate.state),
    )


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


def decision_view(decision: Decision) -> DecisionView:
    """Return a decision as it was committed."""
    rule = decision.rule
    return DecisionView(
        id=decision.id,
        candidate_id=decision.candidate.id,
        decision=decision.decision,
        rule_id=None if rule is None else rule.rule_id,
        rule_is_new=decision.rule_is_new,
        rule=None if rule is None else rules.wire(rule),
        delivery_is_final=None
        if rule is None
        else delivery_notes.final(decision.candidate.agent_versions),
    )
