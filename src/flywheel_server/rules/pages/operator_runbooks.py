"""The registry of runbooks: what appliances can run, how agents write it, and where it is used."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.core import clock, db
from flywheel_server.rules.actions import runbooks as actions
from flywheel_server.rules.queries import runbooks as queries
from flywheel_server.rules.store import runbooks
from flywheel_server.rules.views.runbooks import NewRunbook, Platform
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
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listed(
            connection,
            page,
            text=filters.text(text),
            platform=filters.choice(platform, *_PLATFORMS),  # type: ignore[arg-type]
            executable=filters.yes(executable),
        )
        ids = [each.runbook_id for each in listed.items]
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
    body = forms.checked(
        NewRunbook,
        {
            "runbook_id": given.get("runbook_id", "").strip(),
            "name": given.get("name", "").strip(),
            "platform": given.get("platform", ""),
            "executable": "executable" in given,
        },
    )
    async with db.transaction(parts.database, scope) as connection:
        registered = await actions.register(connection, scope, **body.model_dump(), now=clock.now())
    return frame.go(
        _HERE,
        f"{registered.runbook_id} is registered: what was reported under its id counts from now, "
        "and so does what comes later.",
    )
