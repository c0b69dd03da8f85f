"""The log of healings that both clients and partners read, each of their own sites."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import Query

from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import db
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import PersonScope
from flywheel_server.executions.routes import healing_views
from flywheel_server.executions.routes.healing_views import HealingLog, TotalsView
from flywheel_server.executions.store import healing
from flywheel_server.executions.store.healing import Filters, Healing
from flywheel_server.web import keysets as pages
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import Window

SuccessFilter = Annotated[bool | None, Query(description="Only what healed, or only what failed.")]
LevelFilter = Annotated[Literal["L1", "L2", "L3"] | None, Query(description="Only this level.")]
TextFilter = Annotated[
    str | None, Query(min_length=1, max_length=300, description="Only exactly this.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The executions of one page, with one more if there is another page, and totals of all."""

    rows: list[Healing]
    totals: TotalsView


async def find(
    connection: Connection,
    page: pages.Page,
    window: Window,
    site: SiteFilter,
    *,
    success: bool | None,
    level: str | None,
    incident_type: str | None,
    hostname: str | None,
    text: str | None = None,
) -> Found:
    """Return one page and the totals of all, read in one transaction."""
    filters = Filters(
        site_id=await site.find(connection),
        level=level,
        outcome=None if success is None else "success" if success else "failure",
        incident_type=incident_type,
        hostname=hostname,
        text=text,
    )
    before = page.after_all(dt.datetime, str, UUID)
    rows = await healing.page(
        connection,
        filters,
        since=window.since,
        until=window.until,
        before=cast("tuple[dt.datetime, str, UUID] | None", before),
        limit=page.limit + 1,
    )
    found = await healing.totals(connection, filters, since=window.since, until=window.until)
    return Found(rows=rows, totals=healing_views.totals(found))


async def read(
    parts: Runtime,
    scope: PersonScope,
    page: pages.Page,
    window: Window,
    site: SiteFilter,
    *,
    success: bool | None,
    level: str | None,
    incident_type: str | None,
    hostname: str | None,
    text: str | None = None,
) -> HealingLog:
    """Return one page and the totals of all."""
    async with db.transaction(parts.database, scope) as connection:
        found = await find(
            connection,
            page,
            window,
            site,
            success=success,
            level=level,
            incident_type=incident_type,
            hostname=hostname,
            text=text,
        )
    listed = pages.listing(found.rows, page, key, healing_views.healing_item)
    return HealingLog(items=listed.items, next=listed.next, totals=found.totals, window=window.view)


def key(row: Healing) -> tuple[dt.datetime, str, UUID]:
    """Return what the log is sorted by."""
    return row.received_at, row.execution_id, row.site_id
