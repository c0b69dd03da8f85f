"""L2 plans: every decision, what became of them, what they cost, and why some were escalated."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.core import db
from flywheel_server.fleet.model.appliances import L2Mode
from flywheel_server.plans.model.plans import Planner, Reason, Told
from flywheel_server.plans.pages import plan_words
from flywheel_server.plans.routes import operator_plans as admin_plans
from flywheel_server.web.access import Reader, RuntimeDep
from flywheel_server.web.pages import charts, frame

router = APIRouter(prefix="/operator/plans", include_in_schema=False)

_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def plans_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    window: filters.WindowDep,
    text: _Text = "",
    site: _Text = "",
    planner: _Text = "",
    told: _Text = "",
    reason: _Text = "",
    mode: _Text = "",
    unreported: _Text = "",
) -> Response:
    """Show the figures of a window, and the decisions of it that the filters leave."""
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
    of_site = filters.choice(site, *(each.slug for each in sites), *(str(s.id) for s in sites))
    summary = await admin_plans.summarize_plans(scope, parts, window, of_site)
    listed = await admin_plans.list_plans(
        scope=scope,
        parts=parts,
        page=page,
        text=filters.text(text),
        site_id=of_site,
        planner=filters.choice(planner, *get_args(Planner)),  # type: ignore[arg-type]
        told=filters.choice(told, *get_args(Told)),  # type: ignore[arg-type]
        reason=filters.choice(reason, *get_args(Reason)),  # type: ignore[arg-type]
        mode=filters.choice(mode, *get_args(L2Mode)),  # type: ignore[arg-type]
        unreported=unreported == "yes",
        days=window.days,
    )
    spent = {each.day: {"spent": each.calls} for each in summary.days}
    return frame.page(
        request,
        scope,
        "operator/plans.html",
        summary=summary,
        chart=charts.by_day(spent, ("spent",), window.since.date(), window.until.date()),
        days=summary.days,
        plans=listed.items,
        following=filters.following(request, listed.next),
        sites=sites,
        chosen={
            "text": text,
            "site": site,
            "planner": planner,
            "told": told,
            "reason": reason,
            "mode": mode,
            "unreported": unreported,
        },
        windows=filters.WINDOWS,
        words=plan_words,
    )


@router.get("/{id}")
async def plan_page(request: Request, scope: Reader, parts: RuntimeDep, id: PathId) -> Response:
    """Show one decision, whole."""
    found = await admin_plans.get_plan(scope, parts, id)
    return frame.page(request, scope, "operator/plan.html", plan=found, words=plan_words)
