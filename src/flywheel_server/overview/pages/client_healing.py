"""The healing log, where clients start: what was healed, where, by what and why, in plain words."""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import db
from flywheel_server.executions.pages import trends
from flywheel_server.executions.routes import client_healing
from flywheel_server.executions.routes.healing_logs import LevelFilter
from flywheel_server.plans.store import plan_approvals
from flywheel_server.web.access import ClientReader, RuntimeDep
from flywheel_server.web.pages import frame

router = APIRouter(prefix="/client/healing", include_in_schema=False)

_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def healing_page(
    *,
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    window: filters.WindowDep,
    site: _Text = "",
    level: _Text = "",
    success: _Text = "",
    text: _Text = "",
) -> Response:
    """Show the figures of the window, and what the filters leave of what was healed."""
    chosen_site = SiteFilter(text=filters.text(site))
    log = await client_healing.list_healings(
        scope=scope,
        parts=parts,
        page=page,
        window=window,
        site=chosen_site,
        success=filters.yes(success),
        level=cast("LevelFilter", filters.choice(level, *trends.LEVELS)),
        text=filters.text(text),
    )
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
        waiting = await plan_approvals.waiting(connection, window.until)
    return frame.page(
        request,
        scope,
        "client/healing.html",
        waiting=waiting,
        log=log,
        trend=await trends.over(parts, scope, window, chosen_site),
        following=filters.following(request, log.next),
        sites=sites,
        chosen={"site": site, "level": level, "success": success, "text": text},
        windows=filters.WINDOWS,
    )
