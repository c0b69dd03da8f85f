"""Candidates of every tenant: operators look at all, and admins may decide where nobody else does.

Deciding is the same as a partner's, in the same forms.
"""

from fastapi import Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.learning.pages import candidates, deciding
from flywheel_server.web.access import ADMIN, READER, Reader, RuntimeDep

PLACE = candidates.Place(
    candidates="/operator/candidates",
    fleet="/operator/fleet",
    then="/operator/candidates",
    template="operator/candidate.html",
)
router = deciding.router(PLACE, READER, ADMIN)


@router.get("")
async def candidates_page(
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    chosen: candidates.ChosenDep,
) -> Response:
    """List the candidates of every tenant that the filters leave."""
    return await candidates.list_page(
        request, scope, parts, "operator/candidates.html", page, chosen
    )
