"""What partners' sites teach: figures, candidates, one candidate with its evidence, and the log."""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import candidate_hosts, pages, partner_learning
from flywheel_server.api.access import PartnerReader, RuntimeDep
from flywheel_server.api.decisions import CandidateId
from flywheel_server.api.learning_views import SiteFilter
from flywheel_server.domain.decisions import CandidateState
from flywheel_server.portal import deciding, filters, frame, trends
from flywheel_server.portal.partner import decisions
from flywheel_server.store import plan_approvals, promotions

router = APIRouter(prefix="/partner/learning", include_in_schema=False)

_STATES = ("eligible", "approved", "rejected", "withdrawn")
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def candidates_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    window: filters.WindowDep,
    status: _Text = "eligible",
    site: _Text = "",
    endorsed: _Text = "",
    text: _Text = "",
) -> Response:
    """Show the figures, and the candidates that the filters leave."""
    listed = await partner_learning.list_candidates(
        scope=scope,
        parts=parts,
        page=page,
        site=SiteFilter(text=filters.text(site)),
        status=cast("CandidateState | None", filters.choice(status, *_STATES)),
        endorsed=filters.yes(endorsed),
        text=filters.text(text),
    )
    stats = await partner_learning.get_stats(scope, parts, window)
    earlier = filters.window(window.days, window.since)
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
        waiting = await plan_approvals.waiting(connection, window.until)
        # Of this window and the one before it.
        lately = await promotions.decided_since(connection, earlier.since)
    return frame.page(
        request,
        scope,
        "partner/learning.html",
        waiting=waiting,
        stats=stats,
        approved_before=lately[0] - stats.in_window.approved,
        rejected_before=lately[1] - stats.in_window.rejected,
        trend=await trends.over(parts, scope, window),
        candidates=listed.items,
        following=filters.following(request, listed.next),
        sites=sites,
        chosen={"status": status, "site": site, "endorsed": endorsed, "text": text},
        states=_STATES,
        windows=filters.WINDOWS,
    )


@router.get("/candidates/{candidate_id}")
async def candidate_page(
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: filters.WindowDep,
    hosts: candidate_hosts.WantedDep,
) -> Response:
    """Show a candidate with everything that a decision needs."""
    found = await partner_learning.get_candidate(scope, parts, candidate_id, window, hosts)
    return deciding.page(
        request, scope, "partner/candidate.html", decisions.PLACE, found, hosts.text
    )


@router.get("/history")
async def history_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
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
