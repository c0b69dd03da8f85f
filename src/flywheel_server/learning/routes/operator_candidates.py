"""Candidates of every tenant, for operators, who may decide where nobody else does."""

from typing import Annotated

from fastapi import APIRouter, Query

from flywheel_server.accounts.views.bodies import ReasonBody, Search
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import clock, db
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.queries import candidates as queries
from flywheel_server.learning.queries.candidates import Filters
from flywheel_server.learning.routes import decisions
from flywheel_server.learning.routes.decisions import Approval
from flywheel_server.learning.views.candidates import (
    CandidateId,
    CandidateItem,
    DecisionView,
    ReopenedView,
)
from flywheel_server.learning.views.details import CandidateDetail
from flywheel_server.learning.views.hosts import WantedDep
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.windows import WindowDep

router = APIRouter(prefix="/api/admin/candidates", tags=["operators: candidates"])


@router.get("")
async def list_candidates(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    status: Annotated[CandidateState | None, Query(description="Only such.")] = None,
    endorsed: Annotated[bool | None, Query(description="Only forwarded ones, or others.")] = None,
    text: Search = None,
) -> pages.Listing[CandidateItem]:
    """List the candidates of every site, the latest change first."""
    async with db.transaction(parts.database, scope) as connection:
        wanted = Filters(site=site, status=status, endorsed=endorsed, text=text)
        return await queries.listed(connection, scope, page, wanted, clock.now())


@router.get("/{candidate_id}")
async def get_candidate(
    scope: Reader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: WindowDep,
    hosts: WantedDep,
) -> CandidateDetail:
    """Return a candidate of any site, its own evidence, and the rule that approval would make."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.get(connection, scope, candidate_id, window, hosts)


@router.post("/{candidate_id}/approve")
async def approve_candidate(
    scope: Admin, parts: RuntimeDep, candidate_id: CandidateId, body: Approval
) -> DecisionView:
    """Approve a candidate of any site: its rule reaches that site's appliances."""
    return await decisions.approve(parts, scope, candidate_id, body)


@router.post("/{candidate_id}/reject")
async def reject_candidate(
    scope: Admin, parts: RuntimeDep, candidate_id: CandidateId, body: ReasonBody
) -> DecisionView:
    """Reject a candidate of any site, until it is reopened."""
    return await decisions.reject(parts, scope, candidate_id, body.reason)


@router.post("/{candidate_id}/reopen")
async def reopen_candidate(
    scope: Admin, parts: RuntimeDep, candidate_id: CandidateId, body: ReasonBody
) -> ReopenedView:
    """Take a rejection back: the candidate is what its facts say now."""
    return await decisions.reopen(parts, scope, candidate_id, body.reason)
