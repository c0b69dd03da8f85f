"""What the flywheel has learnt, and why not more: patterns, gates, turns."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from flywheel_server.accounts.views.bodies import Filter, PathId, ReasonBody, Search
from flywheel_server.core import clock, db
from flywheel_server.learning.actions import promote_platform
from flywheel_server.learning.queries import patterns as queries
from flywheel_server.learning.views.patterns import PatternView, PlatformPatternView
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.keysets import Listing, PageDep

router = APIRouter(prefix="/api/admin", tags=["operators: learning"])


@router.get("/patterns")
async def list_patterns(
    scope: Reader,
    parts: RuntimeDep,
    page: PageDep,
    site_id: Filter = None,
    incident_type: Filter = None,
    runbook_id: Filter = None,
    state: Annotated[
        Literal["observed", "eligible", "withdrawn", "approved", "rejected"] | None,
        Query(description="Only patterns in this state."),
    ] = None,
) -> Listing[PatternView]:
    """List the patterns of every site, from their first execution of any kind."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed(
            connection,
            page,
            clock.now(),
            site_id=site_id,
            incident_type=incident_type,
            runbook_id=runbook_id,
            state=state,
        )


@router.get("/platform-patterns")
async def list_platform_patterns(
    scope: Reader,
    parts: RuntimeDep,
    page: PageDep,
    incident_type: Filter = None,
    runbook_id: Filter = None,
    text: Search = None,
    standing: Annotated[
        Literal["open", "promoted", "barred"] | None,
        Query(
            description="`open`: on the way to a rule; `promoted`: has one; `barred`: the reported "
            "id is no runbook that appliances can execute."
        ),
    ] = None,
    sort: Annotated[
        Literal["closest"] | None,
        Query(description="Those nearest to a rule first; else by incident type and runbook."),
    ] = None,
) -> Listing[PlatformPatternView]:
    """List what the platform has counted, with each pair's distance to its rule."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed_pairs(
            connection,
            page,
            clock.now(),
            incident_type=incident_type,
            runbook_id=runbook_id,
            text=text,
            standing=standing,
            closest=sort == "closest",
        )


@router.get("/platform-patterns/{id}")
async def get_platform_pattern(scope: Reader, parts: RuntimeDep, id: PathId) -> PlatformPatternView:
    """Return what the platform has counted for one pair."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.get_pair(connection, id, clock.now())


@router.post("/platform-patterns/{id}/approve")
async def approve_platform_pattern(
    scope: Admin, parts: RuntimeDep, id: PathId, body: ReasonBody
) -> PlatformPatternView:
    """Let it become a rule although its incident type looks like another, or is healed otherwise.

    It opens these gates alone, for the evidence that counts now; the next turn looks at all.
    """
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        found = await promote_platform.approve(connection, scope, id, body.reason, now)
        return await queries.shown(connection, found, now)
