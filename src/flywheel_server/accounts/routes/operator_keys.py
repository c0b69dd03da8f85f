"""Keys of sites and partners, for operators: issued once, listed without their text, revoked."""

from typing import Annotated

from fastapi import APIRouter, Path

from flywheel_server.accounts.actions import keys as actions
from flywheel_server.accounts.queries import filters as tenant_filters, keys as queries
from flywheel_server.accounts.views.bodies import (
    Filter,
    PathId,
    Search,
)
from flywheel_server.accounts.views.keys import IssuedKey, KeyView, NewKey, NewSiteKey
from flywheel_server.core import clock, db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: keys"])


@router.post("/partners/{id}/keys", status_code=201)
async def issue_partner_key(scope: Admin, parts: RuntimeDep, id: PathId, body: NewKey) -> IssuedKey:
    """Issue a partner's API key; it is shown once."""
    async with db.transaction(parts.database, scope) as connection:
        issued = await actions.issue_for_partner(connection, scope, id, body.label, clock.now())
    return IssuedKey.model_validate(issued)


@router.post("/sites/{site_id}/keys", status_code=201)
async def issue_site_key(
    scope: Admin,
    parts: RuntimeDep,
    site_id: Annotated[str, Path(description="The site's site_id or id.", max_length=300)],
    body: NewSiteKey,
) -> IssuedKey:
    """Issue a key for a site's appliances, or for one of them; it is shown once."""
    async with db.transaction(parts.database, scope) as connection:
        issued = await actions.issue_for_site(
            connection,
            scope,
            await tenant_filters.site(connection, site_id),
            body.label,
            clock.now(),
            appliance=body.appliance_id,
        )
    return IssuedKey.model_validate(issued)


@router.delete("/keys/{id}", status_code=204)
async def revoke_key(scope: Admin, parts: RuntimeDep, id: PathId) -> None:
    """Revoke a key: it stops here at once and everywhere within 5 s. Again changes nothing."""
    async with db.transaction(parts.database, scope) as connection:
        await actions.revoke(connection, scope, id, clock.now())


@router.get("/keys")
async def list_keys(
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site_id: Filter = None,
    partner_id: Filter = None,
    text: Search = None,
) -> pages.Listing[KeyView]:
    """List keys, oldest first, without their text; revoked ones too."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listing(
            connection, page, site_id=site_id, partner_id=partner_id, text=text
        )
