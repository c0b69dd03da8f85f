"""Candidates of one's own sites: decided here where coverage is full, forwarded everywhere."""

from fastapi import Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.learning.pages import candidates, deciding
from flywheel_server.learning.routes import candidate_hosts, client_learning
from flywheel_server.learning.routes.client_learning import ForwardBody
from flywheel_server.learning.routes.decisions import CandidateId
from flywheel_server.web.access import (
    CLIENT_ADMIN,
    CLIENT_READER,
    ClientAdmin,
    ClientReader,
    RuntimeDep,
)
from flywheel_server.web.pages import forms, frame

PLACE = candidates.Place(
    candidates="/client/candidates",
    fleet="",
    then="/client/candidates",
    template="client/candidate.html",
    read=client_learning.get_candidate,
    plain=True,
)
FORWARDED = "Forwarded: your IT partner is told that you want it, and decides."
router = deciding.router(PLACE, CLIENT_READER, CLIENT_ADMIN)


@router.get("")
async def candidates_page(
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    chosen: candidates.ChosenDep,
) -> Response:
    """List the candidates that the filters leave."""
    found = await candidates.listed(client_learning.list_candidates, scope, parts, page, chosen)
    return await candidates.list_page(
        request, scope, parts, "client/candidates.html", found, chosen
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
    found = await PLACE.read(scope, parts, candidate_id, window, candidate_hosts.FIRST)
    return frame.page(request, scope, "client/forward.html", candidate=found, place=PLACE)


@router.post("/{candidate_id}/forward")
async def forward(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Endorse the candidate and tell the partner."""
    given = await forms.texts(request)
    deed = client_learning.forward_candidate(
        scope, parts, candidate_id, forms.body(ForwardBody, notes=given.get("notes"))
    )
    return await forms.attempt(PLACE.then, deed, FORWARDED)
