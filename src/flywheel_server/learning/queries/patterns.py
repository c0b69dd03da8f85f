"""Patterns of sites and of the platform, for operators."""

import datetime as dt
from typing import Literal, cast
from uuid import UUID

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.learning.store import patterns, spreads
from flywheel_server.learning.store.patterns import PlatformPattern
from flywheel_server.learning.views import patterns as views
from flywheel_server.learning.views.patterns import PatternView, PlatformPatternView
from flywheel_server.policy import store as policies
from flywheel_server.web.keysets import Listing, Page, listing

Standing = Literal["open", "promoted", "barred"]


async def listed(
    connection: Connection,
    page: Page,
    now: dt.datetime,
    *,
    site_id: str | None = None,
    incident_type: str | None = None,
    runbook_id: str | None = None,
    state: str | None = None,
) -> Listing[PatternView]:
    """Return the patterns of every site, from their first execution of any kind."""
    policy = await policies.in_force(connection)
    rows = await patterns.page(
        connection,
        after=page.after(str) or "",
        site=site_id,
        incident_type=incident_type,
        runbook_id=runbook_id,
        state=state,
        limit=page.limit + 1,
    )
    return listing(rows, page, lambda row: [row.id], lambda row: views.pattern(row, policy, now))


async def listed_pairs(
    connection: Connection,
    page: Page,
    now: dt.datetime,
    *,
    incident_type: str | None = None,
    runbook_id: str | None = None,
    text: str | None = None,
    standing: Standing | None = None,
    closest: bool = False,
) -> Listing[PlatformPatternView]:
    """Return what the platform has counted, by names, or those nearest to a rule first."""
    names: dict[str, str | None] = {
        "incident_type": incident_type,
        "runbook_id": runbook_id,
        "text": text,
        "standing": standing,
    }
    if closest:
        return await _closest(connection, page, now, names)
    found = page.after_all(str, str)
    policy = await policies.in_force(connection)
    rows = await patterns.platform_page(
        connection,
        after=cast("tuple[str, str]", found or ("", "")),
        limit=page.limit + 1,
        **names,
    )
    rows = [await spreads.where_asked(connection, row, policy, now) for row in rows]
    return listing(
        rows,
        page,
        lambda row: [row.evidence.incident_type, row.evidence.runbook_id],
        lambda row: views.platform_pattern(row, policy),
    )


async def get_pair(connection: Connection, id: UUID, now: dt.datetime) -> PlatformPatternView:
    """Return what the platform has counted for one pair. Raises NotFound."""
    found = await patterns.platform_get(connection, id)
    if found is None:
        raise errors.NotFound("No platform pattern has this id: take one from the list.")
    return await shown(connection, found, now)


async def shown(
    connection: Connection, found: PlatformPattern, now: dt.datetime
) -> PlatformPatternView:
    """Return one pair as operators see it."""
    policy = await policies.in_force(connection)
    found = await spreads.of_pair(connection, found, policy, now)
    return views.platform_pattern(found, policy, detail=True)


async def _closest(
    connection: Connection, page: Page, now: dt.datetime, names: dict[str, str | None]
) -> Listing[PlatformPatternView]:
    found = page.after_all(float, str, str)
    policy = await policies.in_force(connection)
    rows = await patterns.platform_closest(
        connection,
        policy,
        after=cast("tuple[float, str, str] | None", found),
        limit=page.limit + 1,
        **names,
    )
    rows = [
        (nearness, await spreads.where_asked(connection, row, policy, now))
        for nearness, row in rows
    ]
    return listing(
        rows,
        page,
        lambda row: [row[0], row[1].evidence.incident_type, row[1].evidence.runbook_id],
        lambda row: views.platform_pattern(row[1], policy),
    )
