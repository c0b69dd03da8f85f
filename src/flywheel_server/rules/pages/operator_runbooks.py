"""The registry of runbooks: what appliances can run, how agents write it, and where it is used."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.core import db
from flywheel_server.rules.routes import operator_runbooks as admin_runbooks
from flywheel_server.rules.routes.operator_runbooks import NewRunbook, Platform, RunbookView
from flywheel_server.rules.store import runbooks
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/operator/runbooks", include_in_schema=False)

_HERE = "/operator/runbooks"
_PLATFORMS: tuple[str, ...] = get_args(Platform)
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def runbooks_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    platform: _Text = "",
    executable: _Text = "",
) -> Response:
    """List the runbooks that the filters leave, with the form for another one."""
    listed = await admin_runbooks.list_runbooks(
        scope=scope,
        parts=parts,
        page=page,
        text=filters.text(text),
        platform=filters.choice(platform, *_PLATFORMS),  # type: ignore[arg-type]
        executable=filters.yes(executable),
    )
    ids = [each.runbook_id for each in listed.items]
    async with db.transaction(parts.database, scope) as connection:
        written = await runbooks.forms(connection, ids)
        uses = await runbooks.uses(connection, ids)
    return frame.page(
        request,
        scope,
        "operator/runbooks.html",
        runbooks=listed.items,
        written=written,
        uses=uses,
        following=filters.following(request, listed.next),
        chosen={"text": text, "platform": platform, "executable": executable},
        platforms=_PLATFORMS,
    )


@router.post("")
async def register_runbook(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Register a runbook."""
    given = await forms.texts(request)
    return await forms.attempt(_HERE, _register(scope, parts, given), _registered)


async def _register(scope: Admin, parts: RuntimeDep, given: dict[str, str]) -> RunbookView:
    body = forms.checked(
        NewRunbook,
        {
            "runbook_id": given.get("runbook_id", "").strip(),
            "name": given.get("name", "").strip(),
            "platform": given.get("platform", ""),
            "executable": "executable" in given,
        },
    )
    return await admin_runbooks.register_runbook(scope, parts, body)


def _registered(runbook: RunbookView) -> str:
    return (
        f"{runbook.runbook_id} is registered: what was reported under its id counts from now, "
        "and so does what comes later."
    )
