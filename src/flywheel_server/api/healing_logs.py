"""The log of healings that both clients and partners read, each of their own sites."""

import datetime as dt
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import Query

from flywheel_server import db
from flywheel_server.api import learning_views, pages
from flywheel_server.api.learning_views import HealingLog, SiteFilter, Window
from flywheel_server.domain.scope import ClientScope, PartnerScope
from flywheel_server.runtime import Runtime
from flywheel_server.store import healing
from flywheel_server.store.healing import Filters

SuccessFilter = Annotated[bool | None, Query(description="Only what healed, or only what failed.")]
LevelFilter = Annotated[Literal["L1", "L2", "L3"] | None, Query(description="Only this level.")]
TextFilter = Annotated[
    str | None, Query(min_length=1, max_length=300, description="Only exactly this.")
]


async def read(
    parts: Runtime,
    scope: ClientScope | PartnerScope,
    page: pages.Page,
    window: Window,
    site: SiteFilter,
    *,
    success: bool | None,
    level: str | None,
    incident_type: str | None,
    hostname: str | None,
) -> HealingLog:
    """Return one page and the totals of all, read in one transaction."""
    before = page.after_all(dt.datetime, str, UUID)
    async with db.transaction(parts.database, scope) as connection:
        filters = Filters(
            site_id=await site.find(connection),
            level=level,
            outcome=None if success is None else "success" if success else "failure",
            incident_type=incident_type,
            hostname=hostname,
        )
        rows = await healing.page(
            connection,
            filters,
            since=window.since,
            until=window.until,
            before=cast("tuple[dt.datetime, str, UUID] | None", before),
            limit=page.limit + 1,
        )
        found = await healing.totals(connection, filters, since=window.since, until=window.until)
    listed = pages.listing(
        rows,
        page,
        lambda row: (row.received_at, row.execution_id, row.site_id),
        learning_views.healing_item,
    )
    return HealingLog(
        items=listed.items,
        next=listed.next,
        totals=learning_views.totals(found),
        window=window.view,
    )
