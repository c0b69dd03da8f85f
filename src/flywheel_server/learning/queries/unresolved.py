"""Ids that resolve to no rule and no runbook, and errors that no table knows."""

import datetime as dt
from typing import cast

from flywheel_server.core.db import Connection
from flywheel_server.learning.store import patterns, unclassified
from flywheel_server.learning.views import unresolved as views
from flywheel_server.learning.views.unresolved import (
    UnclassifiedList,
    UnclassifiedView,
    UnresolvedView,
)
from flywheel_server.web.keysets import Listing, Page, listing


async def listed(
    connection: Connection, page: Page, text: str | None = None, *, set_aside: bool = False
) -> Listing[UnresolvedView]:
    """Return the ids, those with most executions first."""
    found = page.after_all(int, str, str)
    rows = await patterns.unresolved(
        connection,
        cast("tuple[int, str, str] | None", found),
        text=text,
        set_aside=set_aside,
        limit=page.limit + 1,
    )
    return listing(rows, page, lambda row: [row.executions, row.reported_id, row.level], views.view)


async def unclassified_errors(connection: Connection, now: dt.datetime) -> UnclassifiedList:
    """Return errors that no table knows, the most frequent first."""
    since = now - dt.timedelta(days=views.WITHIN_DAYS)
    rows = await unclassified.found(connection, since, views.MOST_UNCLASSIFIED)
    return UnclassifiedList(items=[UnclassifiedView.model_validate(row) for row in rows])
