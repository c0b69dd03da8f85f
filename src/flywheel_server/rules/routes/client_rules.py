"""The rules at an organization's own sites, for its people."""

from typing import Annotated

from fastapi import APIRouter, Query

from flywheel_server.accounts.views.bodies import SearchFilter
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import db
from flywheel_server.rules.model import rules
from flywheel_server.rules.queries import tenant_rules as queries
from flywheel_server.rules.store.client_rules import Filters
from flywheel_server.rules.views.tenant_rules import ClientRuleView
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientReader, RuntimeDep

router = APIRouter(prefix="/api/client", tags=["clients: healing"])


@router.get("/rules")
async def list_rules(
    *,
    scope: ClientReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    source: Annotated[rules.Source | None, Query(description="Only such.")] = None,
    enabled: Annotated[bool | None, Query(description="Only what is served, or is not.")] = None,
    text: SearchFilter = None,
) -> pages.Listing[ClientRuleView]:
    """List the rules that your sites' appliances may get, the newest first."""
    async with db.transaction(parts.database, scope) as connection:
        wanted = Filters(
            site_id=await site.find(connection), source=source, enabled=enabled, text=text
        )
        return await queries.listed(connection, scope, page, wanted)
