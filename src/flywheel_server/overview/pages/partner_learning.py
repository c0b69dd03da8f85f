"""What partners' sites teach: figures, candidates, and the log."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import db
from flywheel_server.executions.pages import trends
from flywheel_server.learning.pages import candidates
from flywheel_server.learning.routes import partner_learning
from flywheel_server.learning.store import promotions
from flywheel_server.plans.store import plan_approvals
from flywheel_server.rules.store import remains
from flywheel_server.web.access import PartnerReader, RuntimeDep
from flywheel_server.web.pages import frame

router = APIRouter(prefix="/partner/learning", include_in_schema=False)

_MOST_LEFT = 100
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def candidates_page(
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    window: filters.WindowDep,
    chosen: candidates.ChosenDep,
    id: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Show the figures, and the candidates that the filters leave."""
    stats = await partner_learning.get_stats(scope, parts, window)
    earlier = filters.window(window.days, window.since)
    async with db.transaction(parts.database, scope) as connection:
        waiting = await plan_approvals.waiting(connection, window.until)
        left = await remains.running(connection, window.until, _MOST_LEFT)
        # Of this window and the one before it.
        lately = await promotions.decided_since(connection, earlier.since)
        values = await candidates.list_values(connection, request, scope, page, chosen)
    return frame.page(
        request,
        scope,
        "partner/learning.html",
        **values,
        waiting=waiting,
        still_running=left,
        ticked=id or [],
        stats=stats,
        approved_before=lately[0] - stats.in_window.approved,
        rejected_before=lately[1] - stats.in_window.rejected,
        trend=await trends.over(parts, scope, window),
        states=candidates.STATES,
        windows=filters.WINDOWS,
    )


@router.get("/history")
async def history_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    window: filters.WindowDep,
    site: _Text = "",
    level: _Text = "",
    success: _Text = "",
    text: _Text = "",
) -> Response:
    """Show what was healed, the newest first."""
    log = await partner_learning.list_executions(
        scope=scope,
        parts=parts,
        page=page,
        window=window,
        site=SiteFilter(text=filters.text(site)),
        success=filters.yes(success),
        level=filters.choice(level, *trends.LEVELS),  # type: ignore[arg-type]
        text=filters.text(text),
    )
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
    return frame.page(
        request,
        scope,
        "partner/history.html",
        log=log,
        following=filters.following(request, log.next),
        sites=sites,
        chosen={"site": site, "level": level, "success": success, "text": text},
        levels=trends.LEVELS,
        windows=filters.WINDOWS,
    )
