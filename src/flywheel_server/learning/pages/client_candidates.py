"""Candidates of one's own sites: decided here where coverage is full, forwarded everywhere."""

from fastapi import Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.core import clock, db
from flywheel_server.learning.actions import promote
from flywheel_server.learning.pages import candidates, deciding
from flywheel_server.learning.queries import candidates as queries
from flywheel_server.learning.views.candidates import CandidateId, ForwardBody
from flywheel_server.learning.views.hosts import FIRST
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
    return await candidates.list_page(request, scope, parts, "client/candidates.html", page, chosen)


@router.get("/{candidate_id}/forward")
async def forward_page(
    request: Request,
    scope: ClientAdmin,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
) -> Response:
    """Show the form that takes a word for the partner."""
    async with db.transaction(parts.database, scope) as connection:
        found = await queries.get(connection, scope, candidate_id, window, FIRST)
    return frame.page(request, scope, "client/forward.html", candidate=found, place=PLACE)


@router.post("/{candidate_id}/forward")
async def forward(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, candidate_id: CandidateId
) -> Response:
    """Endorse the candidate and tell the partner."""
    given = await forms.texts(request)
    body = forms.body(ForwardBody, notes=given.get("notes"))
    async with db.transaction(parts.database, scope) as connection:
        await promote.forward(
            connection,
            scope,
            candidate_id,
            notes=(body.notes or "").strip() or None,
            now=clock.now(),
        )
    return frame.go(PLACE.then, FORWARDED)
