"""What was healed: for an organization's people."""

from fastapi import APIRouter

from flywheel_server.accounts.views.bodies import SearchFilter
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import db
from flywheel_server.executions.routes import healing_logs, healing_stories
from flywheel_server.executions.routes.healing_logs import LevelFilter, SuccessFilter, TextFilter
from flywheel_server.executions.routes.healing_stories import ClientHealingLog
from flywheel_server.executions.store import healing_reasons
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientReader, RuntimeDep
from flywheel_server.web.windows import WindowDep

router = APIRouter(prefix="/api/client", tags=["clients: healing"])


@router.get("/healing-logs")
async def list_healings(
    *,
    scope: ClientReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    window: WindowDep,
    site: SiteFilterDep,
    success: SuccessFilter = None,
    level: LevelFilter = None,
    incident_type: TextFilter = None,
    hostname: TextFilter = None,
    text: SearchFilter = None,
) -> ClientHealingLog:
    """List what was healed at your sites and why, newest first, with totals of the same filters."""
    async with db.transaction(parts.database, scope) as connection:
        found = await healing_logs.find(
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
        reasons = await healing_reasons.of(connection, found.rows)
    listed = pages.listing(
        list(zip(found.rows, reasons, strict=True)),
        page,
        lambda each: healing_logs.key(each[0]),
        lambda each: healing_stories.view(*each),
    )
    return ClientHealingLog(
        items=listed.items, next=listed.next, totals=found.totals, window=window.view
    )
