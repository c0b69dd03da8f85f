"""Candidates, for an organization's people: decide where coverage is full, forward elsewhere."""

import datetime as dt
from typing import Annotated, cast

from fastapi import APIRouter, Body, Query
from pydantic import Field

from flywheel_server.accounts.views.bodies import OperatorBody, ReasonBody
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import clock, db, rights
from flywheel_server.core.scope import ClientScope
from flywheel_server.learning.actions import promote
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.routes import (
    candidate_hosts,
    decisions,
    partner_learning,
    views as learning_views,
)
from flywheel_server.learning.routes.decisions import Approval, CandidateId
from flywheel_server.learning.routes.partner_learning import CandidateDetail
from flywheel_server.learning.routes.views import CandidateItem, DecisionView, Notes, ReopenedView
from flywheel_server.learning.store import candidates
from flywheel_server.learning.store.candidates import Candidate
from flywheel_server.policy import store as policies
from flywheel_server.policy.model import Policy
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientAdmin, ClientReader, RuntimeDep
from flywheel_server.web.windows import WindowDep

router = APIRouter(prefix="/api/client/promotion-candidates", tags=["clients: learning"])


class ClientCandidate(CandidateItem):
    """A candidate of one's own organization."""

    may_decide: bool = Field(
        description="Whether an admin may approve or reject it; else forward it.", examples=[False]
    )


class ClientCandidateDetail(CandidateDetail):
    """A candidate of one's own organization, with everything that a decision needs."""

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
    now = clock.now()
    return pages.listing(
        rows,
        page,
        lambda row: (row.state_changed_at, row.id),
        lambda row: _view(scope, row, policy, now),
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
    # Not dumped: a field of an execution has another name than the one it is read by.
    return ClientCandidateDetail(
        **dict(found),
        may_decide=rights.decides_on(scope, found.healing_tier, found.status),
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
    """Reject a candidate of a site with full coverage, until it is reopened."""
    return await decisions.reject(parts, scope, candidate_id, body.reason)


@router.post("/{candidate_id}/reopen")
async def reopen_candidate(
    scope: ClientAdmin, parts: RuntimeDep, candidate_id: CandidateId, body: ReasonBody
) -> ReopenedView:
    """Take a rejection back: the candidate is what its facts say now."""
    return await decisions.reopen(parts, scope, candidate_id, body.reason)


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
    return _view(scope, candidate, policy, now)


def _view(
    scope: ClientScope, candidate: Candidate, policy: Policy, now: dt.datetime
) -> ClientCandidate:
    return ClientCandidate(
        **learning_views.candidate_fields(candidate, policy, now),
        may_decide=rights.decides_on(scope, candidate.healing_tier, candidate.state),
    )
