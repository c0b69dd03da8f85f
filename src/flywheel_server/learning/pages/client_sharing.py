"""Shared learning: what leaves the organization, and taking part or not."""

from fastapi import APIRouter, Request, Response

from flywheel_server.core import clock, db
from flywheel_server.fleet.actions import site_settings as actions
from flywheel_server.fleet.queries import shared_learning as queries
from flywheel_server.fleet.views.shared_learning import SharedLearningChange
from flywheel_server.web.access import ClientAdmin, ClientReader, RuntimeDep
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/client/shared-learning", include_in_schema=False)

_HERE = "/client/shared-learning"
_JOINED = (
    "You take part: your counts are part of what the platform learns from its next turn on, within "
    "a minute or so."
)
_LEFT = (
    "You take no part any more: your counts leave what the platform learns with its next turn, "
    "within a minute or so. Platform rules go on reaching you."
)


@router.get("")
async def sharing_page(request: Request, scope: ClientReader, parts: RuntimeDep) -> Response:
    """Say what is shared, and whether it is."""
    async with db.transaction(parts.database, scope) as connection:
        found = await queries.of_own(connection, scope)
    return frame.page(request, scope, "client/sharing.html", sharing=found)


@router.get("/change")
async def change_page(request: Request, scope: ClientAdmin, parts: RuntimeDep) -> Response:
    """Ask whether that shall be changed."""
    async with db.transaction(parts.database, scope) as connection:
        found = await queries.of_own(connection, scope)
    return frame.page(request, scope, "client/sharing_change.html", sharing=found)


@router.post("")
async def change_sharing(request: Request, scope: ClientAdmin, parts: RuntimeDep) -> Response:
    """Have the organization take part or not."""
    given = await forms.texts(request)
    body = SharedLearningChange(contributes=given.get("contributes") == "yes")
    async with db.transaction(parts.database, scope) as connection:
        await actions.share(connection, scope, body.contributes, clock.now())
    return frame.go(_HERE, _JOINED if body.contributes else _LEFT)
