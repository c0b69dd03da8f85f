"""The audit, for operators: who changed what, newest first."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from flywheel_server.accounts.queries import audit as queries
from flywheel_server.accounts.views.audit import AuditEntryView, ChainView
from flywheel_server.accounts.views.bodies import Filter, Search
from flywheel_server.core import db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: audit"])

_MOST_DAYS = 3_650

DaysFilter = Annotated[
    int | None, Query(ge=1, le=_MOST_DAYS, description="Only of the last so many days.")
]


@router.get("/audit")
async def list_audit(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    action: Filter = None,
    object_kind: Filter = None,
    object_id: Filter = None,
    actor: Filter = None,
    partner_id: Filter = None,
    organization_id: Filter = None,
    site_id: Filter = None,
    text: Search = None,
    tenant: Search = None,
    days: DaysFilter = None,
    actor_kind: Annotated[
        Literal["operator", "partner", "client", "loop"] | None,
        Query(description="Only what such actors did."),
    ] = None,
) -> pages.Listing[AuditEntryView]:
    """List who changed what, newest first."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listing(
            connection,
            page,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            actor=actor,
            partner_id=partner_id,
            organization_id=organization_id,
            site_id=site_id,
            text=text,
            tenant=tenant,
            days=days,
            actor_kind=actor_kind,
        )


@router.get("/audit/chain")
async def check_chain(scope: Reader, parts: RuntimeDep) -> ChainView:
    """Recompute the hash of every entry, and say where the chain breaks, if it does."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.chain(connection)
