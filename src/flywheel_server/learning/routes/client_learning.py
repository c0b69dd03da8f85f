"""Candidates, for an organization's people: decide where coverage is full, forward elsewhere."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from flywheel_server.accounts.views.bodies import ReasonBody
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import clock, db
from flywheel_server.learning.actions import promote
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.queries import candidates as queries
from flywheel_server.learning.queries.candidates import Filters
from flywheel_server.learning.routes import decisions
from flywheel_server.learning.routes.decisions import Approval
from flywheel_server.learning.views.candidates import (
    CandidateId,
    ClientCandidate,
    DecisionView,
    ForwardBody,
    ReopenedView,
    client_candidate,
)
from flywheel_server.learning.views.details import ClientCandidateDetail
from flywheel_server.learning.views.hosts import WantedDep
from flywheel_server.policy import store as policies
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientAdmin, ClientReader, RuntimeDep
from flywheel_server.web.windows import WindowDep

router = APIRouter(prefix="/api/client/promotion-candidates", tags=["clients: learning"])


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
    async with db.transaction(parts.database, scope) as connection:
        wanted = Filters(site=site, status=status, endorsed=endorsed, text=text)
        return await queries.listed(connection, scope, page, wanted, clock.now())


@router.get("/{candidate_id}")
async def get_candidate(
    scope: ClientReader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: WindowDep,
    hosts: WantedDep,
) -> ClientCandidateDetail:
    """Return a candidate, its own evidence, and the exact rule that approval would make."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.get(connection, scope, candidate_id, window, hosts)


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
    return client_candidate(candidate, policy, now, scope)
