"""What was healed in a window, beside the window before it, and by day: the figures above a log."""

import datetime as dt
from dataclasses import dataclass

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import db
from flywheel_server.core.scope import PersonScope
from flywheel_server.executions.routes import healing_views
from flywheel_server.executions.routes.healing_views import TotalsView
from flywheel_server.executions.store import healing
from flywheel_server.executions.store.healing import Filters
from flywheel_server.fleet.store import fleet
from flywheel_server.web.pages import charts
from flywheel_server.web.pages.charts import Chart
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import Window

LEVELS = ("L1", "L2", "L3")
_ALL_SITES = SiteFilter(text=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A window's figures, those of the window before, and its days."""

    now: TotalsView
    before: TotalsView
    chart: Chart


async def over(
    parts: Runtime, scope: PersonScope, window: Window, site: SiteFilter = _ALL_SITES
) -> Trend:
    """Return the figures of one site, or of all that the caller sees. Raises NotFound."""
    earlier = filters.window(window.days, window.since)
    async with db.transaction(parts.database, scope) as connection:
        wanted = Filters(site_id=await site.find(connection))
        levels = await healing.totals(connection, wanted, since=window.since, until=window.until)
        before = await healing.totals(connection, wanted, since=earlier.since, until=earlier.until)
        days = await fleet.days(connection, window.since, window.until, wanted.site_id)
    found: dict[dt.date, dict[str, int]] = {}
    for each in days:
        found.setdefault(each.day, {})[each.level] = each.successes + each.failures
    return Trend(
        now=healing_views.totals(levels),
        before=healing_views.totals(before),
        chart=charts.by_day(found, LEVELS, window.since.date(), window.until.date()),
    )
