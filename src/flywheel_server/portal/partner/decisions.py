"""Approving and rejecting one candidate: a form that shows what would be made, then its effect.

An approval carries the hash of the rule that was shown: another rule by then is refused.
"""

from fastapi import APIRouter, Request, Response

from flywheel_server.api import candidate_hosts, partner_decisions, partner_learning
from flywheel_server.api.access import PartnerActor, RuntimeDep
from flywheel_server.api.decisions import CandidateId
from flywheel_server.api.learning_views import DecisionView
from flywheel_server.portal import deciding, filters, forms, frame

router = APIRouter(prefix="/partner/learning/candidates/{candidate_id}", include_in_schema=False)

_LIST = "/partner/learning"
PLACE = deciding.Place(candidates=f"{_LIST}/candidates", fleet="/partner/fleet")


@router.get("/approve")
async def approve_page(
    request: Request,
    scope: PartnerActor,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
) -> Response:
    """Show the rule that approval would make, with the form for it."""
    found = await partner_learning.get_candidate(
        scope, parts, candidate_id, window, candidate_hosts.FIRST
    )
    return frame.page(request, scope, "partner/approve.html", candidate=found, place=PLACE)


@router.post("/approve")
async def approve(
    request: Request, scope: PartnerActor, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Approve the candidate, exactly as it was shown."""
    given = await forms.texts(request)
    return await forms.attempt(
        PLACE.candidate(candidate_id),
        _approve(scope, parts, candidate_id, given),
        deciding.approved,
        then=_LIST,
    )


@router.get("/reject")
async def reject_page(
    request: Request,
    scope: PartnerActor,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
) -> Response:
    """Show the form that asks why."""
    found = await partner_learning.get_candidate(
        scope, parts, candidate_id, window, candidate_hosts.FIRST
    )
    return frame.page(request, scope, "partner/reject.html", candidate=found, place=PLACE)


@router.post("/reject")
async def reject(
    request: Request, scope: PartnerActor, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Reject the candidate."""
    given = await forms.texts(request)
    return await forms.attempt(
        PLACE.candidate(candidate_id),
        _reject(scope, parts, candidate_id, given),
        deciding.REJECTED,
        then=_LIST,
    )


async def _approve(
    scope: PartnerActor, parts: RuntimeDep, candidate_id: str, given: dict[str, str]
) -> DecisionView:
    body = deciding.approval(given)
    return await partner_decisions.approve_candidate(scope, parts, candidate_id, body)


async def _reject(
    scope: PartnerActor, parts: RuntimeDep, candidate_id: str, given: dict[str, str]
) -> DecisionView:
    body = deciding.rejection(given)
    return await partner_decisions.reject_candidate(scope, parts, candidate_id, body)
