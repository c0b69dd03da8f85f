"""Candidates of every tenant: operators look at all, and admins may decide where nobody else does.

Deciding is the same as a partner's, in the same forms.
"""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import admin_candidates, candidate_hosts, pages
from flywheel_server.api.access import Admin, Reader, RuntimeDep
from flywheel_server.api.decisions import CandidateId
from flywheel_server.api.learning_views import DecisionView, SiteFilter
from flywheel_server.domain.decisions import CandidateState
from flywheel_server.portal import deciding, filters, forms, frame

router = APIRouter(prefix="/operator/candidates", include_in_schema=False)

PLACE = deciding.Place(candidates="/operator/candidates", fleet="/operator/fleet")
_STATES = ("eligible", "approved", "rejected", "withdrawn")
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def candidates_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    status: _Text = "eligible",
    site: _Text = "",
    endorsed: _Text = "",
    text: _Text = "",
) -> Response:
    """List the candidates of every tenant that the filters leave."""
    listed = await admin_candidates.list_candidates(
        scope=scope,
        parts=parts,
        page=page,
        site=SiteFilter(text=filters.text(site)),
        status=cast("CandidateState | None", filters.choice(status, *_STATES)),
        endorsed=filters.yes(endorsed),
        text=filters.text(text),
    )
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
    return frame.page(
        request,
        scope,
        "operator/candidates.html",
        candidates=listed.items,
        following=filters.following(request, listed.next),
        sites=sites,
        chosen={"status": status, "site": site, "endorsed": endorsed, "text": text},
    )


@router.get("/{candidate_id}")
async def candidate_page(
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
    hosts: candidate_hosts.WantedDep,
) -> Response:
    """Show a candidate with everything that a decision needs."""
    found = await admin_candidates.get_candidate(scope, parts, candidate_id, window, hosts)
    return deciding.page(request, scope, "operator/candidate.html", PLACE, found, hosts.text)


@router.get("/{candidate_id}/approve")
async def approve_page(
    request: Request,
    scope: Admin,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
) -> Response:
    """Show the rule that approval would make, with the form for it."""
    found = await admin_candidates.get_candidate(
        scope, parts, candidate_id, window, candidate_hosts.FIRST
    )
    return frame.page(request, scope, "partner/approve.html", candidate=found, place=PLACE)


@router.post("/{candidate_id}/approve")
async def approve(
    request: Request, scope: Admin, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Approve the candidate, exactly as it was shown."""
    deed = _approve(scope, parts, candidate_id, await forms.texts(request))
    return await forms.attempt(
        PLACE.candidate(candidate_id), deed, deciding.approved, then=PLACE.candidates
    )


@router.get("/{candidate_id}/reject")
async def reject_page(
    request: Request,
    scope: Admin,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
) -> Response:
    """Show the form that asks why."""
    found = await admin_candidates.get_candidate(
        scope, parts, candidate_id, window, candidate_hosts.FIRST
    )
    return frame.page(request, scope, "partner/reject.html", candidate=found, place=PLACE)


@router.post("/{candidate_id}/reject")
async def reject(
    request: Request, scope: Admin, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Reject the candidate."""
    deed = _reject(scope, parts, candidate_id, await forms.texts(request))
    return await forms.attempt(
        PLACE.candidate(candidate_id), deed, deciding.REJECTED, then=PLACE.candidates
    )


async def _approve(
    scope: Admin, parts: RuntimeDep, candidate_id: str, given: dict[str, str]
) -> DecisionView:
    body = deciding.approval(given)
    return await admin_candidates.approve_candidate(scope, parts, candidate_id, body)


async def _reject(
    scope: Admin, parts: RuntimeDep, candidate_id: str, given: dict[str, str]
) -> DecisionView:
    body = deciding.rejection(given)
    return await admin_candidates.reject_candidate(scope, parts, candidate_id, body)
