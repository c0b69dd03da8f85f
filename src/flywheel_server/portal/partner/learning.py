"""What partners' sites teach: figures, candidates, one candidate with its evidence, and the log."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import learning_views, pages, partner_learning
from flywheel_server.api.access import PartnerReader, RuntimeDep
from flywheel_server.api.decisions import CandidateId
from flywheel_server.api.learning_views import SiteFilter, TotalsView, Window
from flywheel_server.domain.decisions import CandidateState
from flywheel_server.portal import charts, filters, frame
from flywheel_server.portal.charts import Chart
from flywheel_server.store import fleet, healing
from flywheel_server.store.healing import Filters

router = APIRouter(prefix="/partner/learning", include_in_schema=False)

_STATES = ("eligible", "approved", "rejected", "withdrawn")
_LEVELS = ("L1", "L2", "L3")
_Text = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A window's figures beside those of the window before."""

    before: TotalsView
    chart: Chart


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
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
    return frame.page(
        request,
        scope,
        "partner/learning.html",
        stats=stats,
        trend=await _trend(scope, parts, window),
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
) -> Response:
    """Show a candidate with everything that a decision needs."""
    found = await partner_learning.get_candidate(scope, parts, candidate_id, window)
    days = {
        each.day: {
            "successes": each.success.successes,
            "failures": each.success.attempts - each.success.successes,
        }
        for each in found.by_day
    }
    chart = charts.by_day(days, ("successes", "failures"), window.since.date(), window.until.date())
    return frame.page(
        request,
        scope,
        "partner/candidate.html",
        candidate=found,
        chart=chart,
        windows=filters.WINDOWS,
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
    incident_type: _Text = "",
    hostname: _Text = "",
) -> Response:
    """Show what was healed, the newest first."""
    log = await partner_learning.list_executions(
        scope=scope,
        parts=parts,
        page=page,
        window=window,
        site=SiteFilter(text=filters.text(site)),
        success=filters.yes(success),
        level=filters.choice(level, *_LEVELS),  # type: ignore[arg-type]
        incident_type=filters.text(incident_type),
        hostname=filters.text(hostname),
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
        chosen={
            "site": site,
            "level": level,
            "success": success,
            "incident_type": incident_type,
            "hostname": hostname,
        },
        levels=_LEVELS,
        windows=filters.WINDOWS,
    )


async def _trend(scope: PartnerReader, parts: RuntimeDep, window: Window) -> Trend:
    """Return what the window is compared with, and its days."""
    earlier = filters.window(window.days, window.since)
    async with db.transaction(parts.database, scope) as connection:
        levels = await healing.totals(
            connection, Filters(), since=earlier.since, until=earlier.until
        )
        days = await fleet.days(connection, window.since, window.until)
    found: dict[dt.date, dict[str, int]] = {}
    for each in days:
        found.setdefault(each.day, {})[each.level] = each.successes + each.failures
    return Trend(
        before=learning_views.totals(levels),
        chart=charts.by_day(found, _LEVELS, window.since.date(), window.until.date()),
    )
