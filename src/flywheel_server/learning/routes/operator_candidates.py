"""Candidates of every tenant, for operators, who may decide where nobody else does."""

import datetime as dt
from typing import Annotated, cast

from fastapi import APIRouter, Query

from flywheel_server.accounts.views.bodies import ReasonBody, Search
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import clock, db
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.routes import (
    candidate_hosts,
    decisions,
    partner_learning,
    views as learning_views,
)
from flywheel_server.learning.routes.decisions import Approval, CandidateId
from flywheel_server.learning.routes.partner_learning import CandidateDetail
from flywheel_server.learning.routes.views import CandidateItem, DecisionView, ReopenedView
from flywheel_server.learning.store import candidates
from flywheel_server.policy import store as policies
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
    before = page.after_all(dt.datetime, str)
    async with db.transaction(parts.database, scope) as connection:
        policy = await policies.in_force(connection)
        rows = await candidates.page(
            connection,
            state=status,
            site_id=await site.find(connection),
            endorsed=endorsed,
            text=text,
            least_occurrences=0,
            before=cast("tuple[dt.datetime, str] | None", before),
            limit=page.limit + 1,
        )
    now = clock.now()
    return pages.listing(
        rows,
        page,
        lambda row: (row.state_changed_at, row.id),
        lambda row: learning_views.candidate_item(row, policy, now),
    )


@router.get("/{candidate_id}")
async def get_candidate(
    scope: Reader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: WindowDep,
    hosts: candidate_hosts.WantedDep,
) -> CandidateDetail:
    """Return a candidate of any site, its own evidence, and the rule that approval would make."""
    return await partner_learning.detail_of(
        parts, scope, candidate_id, window, hosts, least_occurrences=0
    )


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
