"""Ids that resolve to no rule and no runbook: listed, set aside with a reason, taken up again."""

from typing import Annotated

from fastapi import APIRouter, Query

from flywheel_server.accounts.views.bodies import Search
from flywheel_server.core import clock, db
from flywheel_server.learning.actions import set_aside as actions
from flywheel_server.learning.queries import unresolved as queries
from flywheel_server.learning.views.unresolved import (
    SetAsideBody,
    UnresolvedId,
    UnresolvedView,
    view,
)
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.keysets import Listing, PageDep

router = APIRouter(prefix="/api/admin/unresolved-ids", tags=["operators: learning"])


@router.get("")
async def list_unresolved_ids(
    scope: Reader,
    parts: RuntimeDep,
    page: PageDep,
    text: Search = None,
    set_aside: Annotated[
        bool, Query(description="Those set aside instead, which are no alarm.")
    ] = False,
) -> Listing[UnresolvedView]:
    """List the ids under which executions teach nothing: give each an alias or register it.

    An id that can mean nothing is set aside with a reason, and comes back when it grows.
    """
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed(connection, page, text, set_aside=set_aside)


@router.post("/set-aside")
async def set_aside_id(scope: Admin, parts: RuntimeDep, body: SetAsideBody) -> UnresolvedView:
    """Set an id aside that can mean nothing: it leaves the alarm until it grows.

    It comes back with a tenth more executions than it has now, and at least ten more.
    """
    async with db.transaction(parts.database, scope) as connection:
        row = await actions.add(
            connection,
            scope,
            body.reported_id,
            body.level,
            reason=body.reason,
            now=clock.now(),
        )
    return view(row)


@router.post("/take-up")
async def take_up_id(scope: Admin, parts: RuntimeDep, body: UnresolvedId) -> UnresolvedView:
    """Take an id up again that was set aside: it counts as unresolved from now on."""
    async with db.transaction(parts.database, scope) as connection:
        row = await actions.take_up(
            connection, scope, body.reported_id, body.level, now=clock.now()
        )
    return view(row)
