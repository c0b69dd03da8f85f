"""The audit, for clients and partners: who changed what of theirs, whoever it was."""

from typing import Annotated

from fastapi import APIRouter, Query

from flywheel_server.accounts.queries import tenant_audit as queries
from flywheel_server.accounts.views.bodies import Filter
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.accounts.views.tenant_audit import ChangeView, KindFilter
from flywheel_server.core import db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientReader, PartnerReader, RuntimeDep

clients = APIRouter(prefix="/api/client", tags=["clients: audit"])
partners = APIRouter(prefix="/api/partners/me", tags=["partners: audit"])

_MOST_DAYS = 3_650

TextFilter = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=300,
        description="In who did it, what was done to what, and what it was before and after.",
    ),
]
DaysFilter = Annotated[
    int | None, Query(ge=1, le=_MOST_DAYS, description="Only of the last so many days.")
]


@clients.get("/audit")
async def list_client_audit(
    *,
    scope: ClientReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    action: Filter = None,
    actor_kind: KindFilter = None,
    text: TextFilter = None,
    days: DaysFilter = None,
) -> pages.Listing[ChangeView]:
    """List who changed what of your organization, newest first."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listing(
            connection, page, site, action=action, actor_kind=actor_kind, text=text, days=days
        )


@partners.get("/audit")
async def list_partner_audit(
    *,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    action: Filter = None,
    actor_kind: KindFilter = None,
    text: TextFilter = None,
    days: DaysFilter = None,
) -> pages.Listing[ChangeView]:
    """List who changed what of you and of the organizations that you look after, newest first."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listing(
            connection, page, site, action=action, actor_kind=actor_kind, text=text, days=days
        )
