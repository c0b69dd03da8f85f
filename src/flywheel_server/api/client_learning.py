"""Candidates, for an organization's people: decide where coverage is full, forward elsewhere."""

import datetime as dt
from typing import Annotated, cast

from fastapi import APIRouter, Body, Query
from pydantic import Field

from flywheel_server import clock, db
from flywheel_server.actions import promote
from flywheel_server.api import (
    candidate_hosts,
    decisions,
    learning_views,
    pages,
    partner_learning,
)
from flywheel_server.api.access import ClientAdmin, ClientReader, RuntimeDep
from flywheel_server.api.decisions import Approval, CandidateId
from flywheel_server.api.learning_views import (
    CandidateItem,
    DecisionView,
    Notes,
    SiteFilterDep,
    WindowDep,
)
from flywheel_server.api.operator_bodies import OperatorBody, ReasonBody
from flywheel_server.api.partner_learning import CandidateDetail
from flywheel_server.domain.decisions import CandidateState
from flywheel_server.domain.policy import Policy
from flywheel_server.store import candidates, healing_reasons, policies
from flywheel_server.store.candidates import Candidate

router = APIRouter(prefix="/api/client/promotion-candidates", tags=["clients: learning"])


class ClientCandidate(CandidateItem):
    """A candidate of one's own organization."""

    runbook_name: str | None = Field(
        description="What the repair is called.", examples=["Windows security: firewall"]
    )
    may_decide: bool = Field(
        description="Whether an admin may approve or reject it; else forward it.", examples=[False]
    )


class ClientCandidateDetail(CandidateDetail):
    """A candidate of one's own organization, with everything that a decision needs."""

    runbook_name: str | None = Field(
        description="What the repair is called.", examples=["Windows security: firewall"]
    )
    may_decide: bool = Field(
        description="Whether an admin may approve or reject it; else forward it.", examples=[False]
    )


class ForwardBody(OperatorBody):
    """Why the partner should approve it."""

    notes: Notes | None = Field(None, description="Why.", examples=["It happens every Monday."])


@router.get("")
async def list_candidates(
    *,
    scope: ClientReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    status: Annotated[CandidateState | None, Query(description="Only such.")] = None,
    endorsed: Annotated[bool | None, Query(description="Only forwarded ones, or others.")] = None,
    text: Annotated[
        str | None, Query(min_length=1, max_length=300, description="In its type, runbook or host.")
    ] = None,
) -> pages.Listing[ClientCandidate]:
    """List candidates of your sites, the latest change first."""
    before = page.after_all(dt.datetime, str)
    async with db.transaction(parts.database, scope) as connection:
        policy = await policies.in_force(connection)
        rows = await candidates.page(
            connection,
            state=status,
            site_id=await site.find(connection),
            endorsed=endorsed,
            text=text,
            least_occurrences=policy.visible_min_occurrences,
            before=cast("tuple[dt.datetime, str] | None", before),
            limit=page.limit + 1,
        )
        names = await healing_reasons.runbook_names(
            connection, [row.evidence.runbook_id for row in rows]
        )
    now = clock.now()
    return pages.listing(
        rows,
        page,
        lambda row: (row.state_changed_at, row.id),
        lambda row: _view(row, policy, now, names),
    )


@router.get("/{candidate_id}")
async def get_candidate(
    scope: ClientReader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: WindowDep,
    hosts: candidate_hosts.WantedDep,
) -> ClientCandidateDetail:
    """Return a candidate, its own evidence, and the exact rule that approval would make."""
    found = await partner_learning.detail_of(parts, scope, candidate_id, window, hosts)
    async with db.transaction(parts.database, scope) as connection:
        names = await healing_reasons.runbook_names(connection, [found.runbook_id])
    # Not dumped: a field of an execution has another name than the one it is read by.
    return ClientCandidateDetail(
        **dict(found),
        runbook_name=names.get(found.runbook_id),
        may_decide=_may_decide(found.healing_tier, found.status),
    )


@router.post("/{candidate_id}/approve")
async def approve_candidate(
    scope: ClientAdmin, parts: RuntimeDep, candidate_id: CandidateId, body: Approval
) -> DecisionView:
    """Approve a candidate of a site with full coverage: its rule reaches the appliances."""
    return await decisions.approve(parts, scope, candidate_id, body)


@router.post("/{candidate_id}/reject")
async def reject_candidate(
    scope: ClientAdmin, parts: RuntimeDep, candidate_id: CandidateId, body: ReasonBody
) -> DecisionView:
    """Reject a candidate of a site with full coverage, for good."""
    return await decisions.reject(parts, scope, candidate_id, body.reason)


@router.post("/{candidate_id}/forward")
async def forward_candidate(
    scope: ClientAdmin,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    body: Annotated[ForwardBody, Body(default_factory=ForwardBody)],
) -> ClientCandidate:
    """Endorse a candidate and tell your partner, who decides. Again changes nothing."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        policy = await policies.in_force(connection)
        candidate = await promote.forward(
            connection, scope, candidate_id, notes=(body.notes or "").strip() or None, now=now
        )
        names = await healing_reasons.runbook_names(connection, [candidate.evidence.runbook_id])
    return _view(candidate, policy, now, names)


def _view(
    candidate: Candidate, policy: Policy, now: dt.datetime, names: dict[str, str]
) -> ClientCandidate:
    return ClientCandidate(
        **learning_views.candidate_fields(candidate, policy, now),
        runbook_name=names.get(candidate.evidence.runbook_id),
        may_decide=_may_decide(candidate.healing_tier, candidate.state),
    )


def _may_decide(healing_tier: str, state: str) -> bool:
    return healing_tier == "full_coverage" and state == "eligible"
