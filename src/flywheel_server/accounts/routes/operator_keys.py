"""Keys of sites and partners, for operators: issued once, listed without their text, revoked."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from flywheel_server.accounts.actions import keys as actions
from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.store import keys
from flywheel_server.accounts.views.bodies import (
    Filter,
    Label,
    NotBlank,
    OperatorBody,
    PathId,
    Search,
    View,
)
from flywheel_server.core import clock, db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: keys"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"


class NewKey(OperatorBody):
    """A partner's key to be issued."""

    label: Label = Field("", description="What it is for.", examples=["ticket system"])


class NewSiteKey(OperatorBody):
    """A site's key to be issued."""

    label: Label = Field("", description="What it is for.", examples=["rack 2"])
    appliance_id: NotBlank | None = Field(
        None,
        max_length=300,
        description="Bind the key to this appliance of the site, by its id or its id on the wire.",
        examples=["harbour-dental-main-02:00:5E:10:00:01"],
    )


class IssuedKey(View):
    """A key just issued."""

    id: UUID = Field(description="Its id, to revoke it by.", examples=[_UUID])
    key: str = Field(
        description="The key. It is shown this once: only its hash is kept.",
        examples=["flywheel_site_2KgSFg4t8QgDRX03Lxz1kT5c_KGryVwIP6TqBu7B4g4"],
    )


class KeyView(View):
    """A key, without its text."""

    id: UUID = Field(description="Its id, to revoke it by.", examples=[_UUID])
    site_id: str | None = Field(
        validation_alias="slug", description="Whose key, if a site's.", examples=["site-lab-01"]
    )
    appliance_id: str | None = Field(
        validation_alias="wire_id",
        description="The one appliance that may use it, if it is bound.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    )
    partner_id: UUID | None = Field(description="Whose key, if a partner's.", examples=[None])
    operator_id: UUID | None = Field(description="Whose token, if an operator's.", examples=[None])
    label: str = Field(description="What it is for.", examples=["rack 2"])
    created_at: dt.datetime = Field(description="When it was issued.", examples=[_TIME])
    revoked_at: dt.datetime | None = Field(description="Since when it is refused.", examples=[None])


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
        rows = await keys.list_keys(
            connection,
            after=page.after(UUID),
            site_id=await tenant_filters.site_filter(connection, site_id),
            partner_id=await tenant_filters.partner_filter(connection, partner_id),
            text=text,
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), KeyView.model_validate)
