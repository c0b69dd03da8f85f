"""A partner's API keys, for its owners: issued and rotated, shown once, listed, revoked."""

from typing import Annotated

from fastapi import APIRouter, Query

from flywheel_server.accounts.actions import keys as actions
from flywheel_server.accounts.queries import keys as queries
from flywheel_server.accounts.views.bodies import PathId, Search
from flywheel_server.accounts.views.keys import IssuedKey, NewKey, PartnerKeyView
from flywheel_server.core import clock, db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import PartnerOwner, RuntimeDep

router = APIRouter(prefix="/api/partners/me/keys", tags=["partners: keys"])


ValidFilter = Annotated[bool | None, Query(description="Only those that count, or that do not.")]


@router.get("")
async def list_partner_keys(
    *,
    scope: PartnerOwner,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: Search = None,
    valid: ValidFilter = None,
) -> pages.Listing[PartnerKeyView]:
    """List the partner's keys, oldest first, without their text; revoked ones too."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.of_partner(connection, scope, page, text=text, valid=valid)


@router.post("", status_code=201)
async def issue_own_key(scope: PartnerOwner, parts: RuntimeDep, body: NewKey) -> IssuedKey:
    """Issue an API key with a technician's rights; it is shown once."""
    async with db.transaction(parts.database, scope) as connection:
        issued = await actions.issue_for_partner(
            connection, scope, scope.partner_id, body.label, clock.now()
        )
    return IssuedKey.model_validate(issued)


@router.post("/{id}/rotate", status_code=201)
async def rotate_own_key(scope: PartnerOwner, parts: RuntimeDep, id: PathId) -> IssuedKey:
    """Issue a key in place of another, which stops at once; the new one is shown once."""
    async with db.transaction(parts.database, scope) as connection:
        issued = await actions.rotate_for_partner(connection, scope, id, clock.now())
    return IssuedKey.model_validate(issued)


@router.delete("/{id}", status_code=204)
async def revoke_own_key(scope: PartnerOwner, parts: RuntimeDep, id: PathId) -> None:
    """Revoke a key: it stops here at once and everywhere within 5 s. Again changes nothing."""
    async with db.transaction(parts.database, scope) as connection:
        await actions.revoke_for_partner(connection, scope, id, clock.now())
