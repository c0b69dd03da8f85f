"""Where operators begin: what needs them, how far learning has come, and how that changes."""

import datetime as dt

from fastapi import APIRouter, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.overview.pages import troubles
from flywheel_server.overview.routes import (
    alarms as overview_alarms,
    operator_overview as admin_overview,
)
from flywheel_server.overview.routes.operator_overview import WheelView
from flywheel_server.web.access import Reader, RuntimeDep
from flywheel_server.web.pages import charts, frame
from flywheel_server.web.pages.charts import Chart

router = APIRouter(prefix="/operator", include_in_schema=False)

_HERE = "/operator/overview"
_LEVELS = ("L1", "L2", "L3")


@router.get("")
async def start(scope: Reader) -> Response:
    """Lead to where operators begin."""
    del scope
    return frame.go(_HERE)


@router.get("/overview")
async def overview_page(
    request: Request, scope: Reader, parts: RuntimeDep, window: filters.WindowDep
) -> Response:
    """Show alarms, the funnel, and the levels by day."""
    wheel = await admin_overview.read_wheel(scope, parts, window)
    alarms = await overview_alarms.alarms(request, scope, parts)
    return frame.page(
        request,
        scope,
        "operator/overview.html",
        troubles=troubles.grouped(alarms),
        wheel=wheel,
        shares=_chart(wheel, share=True),
        attempts=_chart(wheel, share=False),
        windows=filters.WINDOWS,
    )


def _chart(wheel: WheelView, *, share: bool) -> Chart:
    found: dict[dt.date, dict[str, int]] = {}
    for each in wheel.days:
        found.setdefault(each.day, {})[each.level] = (
            each.successes + each.failures + each.not_attempted
        )
    window = wheel.now.window
    first, last = window.since.date(), window.until.astimezone(dt.UTC).date()
    return charts.by_day(found, _LEVELS, first, last, share=share)
