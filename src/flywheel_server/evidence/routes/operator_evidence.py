"""Evidence keys, for operators: a later key of an appliance counts once one of them says so."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.views.bodies import Filter, PathId, ReasonBody, Search
from flywheel_server.core import db
from flywheel_server.evidence.routes import evidence_keys
from flywheel_server.evidence.routes.evidence_keys import ApproveKeyBody, KeyView, ShownKeyView
from flywheel_server.fleet.store import evidence_keys as store
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin/evidence/keys", tags=["operators: evidence"])


@router.get("")
async def list_keys(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    state: Annotated[
        Literal["active", "waiting", "replaced", "refused"] | None,
        Query(description="Only those in this state."),
    ] = None,
    site_id: Filter = None,
    text: Search = None,
) -> pages.Listing[ShownKeyView]:
    """List the keys that appliances have shown, oldest first; ``state=waiting`` needs a person."""
    after = page.after(UUID)
    async with db.transaction(parts.database, scope) as connection:
        rows = await store.page(
            connection,
            state=state,
            site_id=await tenant_filters.site_filter(connection, site_id),
            after=after,
            text=text,
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), ShownKeyView.model_validate)


@router.post("/{id}/approve")
async def approve_key(scope: Admin, parts: RuntimeDep, id: PathId, body: ApproveKeyBody) -> KeyView:
    """Have an appliance sign with this key from now on; the one before it ends."""
    return await evidence_keys.approve(scope, parts, id, body)


@router.post("/{id}/refuse")
async def refuse_key(scope: Admin, parts: RuntimeDep, id: PathId, body: ReasonBody) -> KeyView:
    """Have a key never count; what waits for it is dropped, with a record."""
    return await evidence_keys.refuse(scope, parts, id, body)
