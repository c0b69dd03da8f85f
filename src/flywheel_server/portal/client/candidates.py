"""Candidates of one's own sites: decided here where coverage is full, forwarded everywhere.

An approval carries the hash of the rule that was shown: another rule by then is refused.
"""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import candidate_hosts, client_learning, pages
from flywheel_server.api.access import ClientAdmin, ClientReader, RuntimeDep
from flywheel_server.api.client_learning import ForwardBody
from flywheel_server.api.decisions import CandidateId
from flywheel_server.api.learning_views import DecisionView, SiteFilter
from flywheel_server.domain.decisions import CandidateState
from flywheel_server.portal import deciding, filters, forms, frame

router = APIRouter(prefix="/client/candidates", include_in_schema=False)

PLACE = deciding.Place(candidates="/client/candidates", fleet="", plain=True)
FORWARDED = "Forwarded: your IT partner is told that you want it, and decides."
_STATES = ("eligible", "approved", "rejected", "withdrawn")
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def candidates_page(
    *,
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    status: _Text = "eligible",
    site: _Text = "",
    endorsed: _Text = "",
    text: _Text = "",
) -> Response:
    """List the candidates that the filters leave."""
    listed = await client_learning.list_candidates(
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
        "client/candidates.html",
        candidates=listed.items,
        following=filters.following(request, listed.next),
        sites=sites,
        chosen={"status": status, "site": site, "endorsed": endorsed, "text": text},
    )


@router.get("/{candidate_id}")
async def candidate_page(
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
    hosts: candidate_hosts.WantedDep,
) -> Response:
    """Show a candidate with everything that a decision needs."""
    found = await client_learning.get_candidate(scope, parts, candidate_id, window, hosts)
    return deciding.page(request, scope, "client/candidate.html", PLACE, found, hosts.text)


@router.get("/{candidate_id}/approve")
async def approve_page(
    request: Request,
    scope: ClientAdmin,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
) -> Response:
    """Show the rule that approval would make, with the form for it."""
    return await _form(request, scope, parts, candidate_id, window, "partner/approve.html")


@router.post("/{candidate_id}/approve")
async def approve(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Approve the candidate, exactly as it was shown."""
    deed = _approve(scope, parts, candidate_id, await forms.texts(request))
    return await forms.attempt(
        PLACE.candidate(candidate_id), deed, deciding.approved, then=PLACE.candidates
    )


@router.get("/{candidate_id}/reject")
async def reject_page(
    request: Request,
    scope: ClientAdmin,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
) -> Response:
    """Show the form that asks why."""
    return await _form(request, scope, parts, candidate_id, window, "partner/reject.html")


@router.post("/{candidate_id}/reject")
async def reject(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Reject the candidate."""
    deed = _reject(scope, parts, candidate_id, await forms.texts(request))
    return await forms.attempt(
        PLACE.candidate(candidate_id), deed, deciding.REJECTED, then=PLACE.candidates
    )


@router.get("/{candidate_id}/forward")
async def forward_page(
    request: Request,
    scope: ClientAdmin,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
) -> Response:
    """Show the form that takes a word for the partner."""
    return await _form(request, scope, parts, candidate_id, window, "client/forward.html")


@router.post("/{candidate_id}/forward")
async def forward(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Endorse the candidate and tell the partner."""
    given = await forms.texts(request)
    deed = client_learning.forward_candidate(
        scope, parts, candidate_id, forms.body(ForwardBody, notes=given.get("notes"))
    )
    return await forms.attempt(
        PLACE.candidate(candidate_id), deed, FORWARDED, then=PLACE.candidates
    )


async def _form(
    request: Request,
    scope: ClientAdmin,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
    template: str,
) -> Response:
    found = await client_learning.get_candidate(
        scope, parts, candidate_id, window, candidate_hosts.FIRST
    )
    if template != "client/forward.html" and found.healing_tier != "full_coverage":
        return frame.go(
            f"{PLACE.candidate(candidate_id)}/forward",
            "At a site with standard coverage your IT partner decides: forward it to them.",
            kind="trouble",
        )
    return frame.page(request, scope, template, candidate=found, place=PLACE)


async def _approve(
    scope: ClientAdmin, parts: RuntimeDep, candidate_id: str, given: dict[str, str]
) -> DecisionView:
    body = deciding.approval(given)
    return await client_learning.approve_candidate(scope, parts, candidate_id, body)


async def _reject(
    scope: ClientAdmin, parts: RuntimeDep, candidate_id: str, given: dict[str, str]
) -> DecisionView:
    body = deciding.rejection(given)
    return await client_learning.reject_candidate(scope, parts, candidate_id, body)
