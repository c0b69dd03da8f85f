"""Evidence keys, for operators: a later key of an appliance counts once one of them says so."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from flywheel_server import clock, db
from flywheel_server.actions import evidence_keys as actions
from flywheel_server.api import operator_bodies, pages
from flywheel_server.api.access import Admin, Reader, RuntimeDep
from flywheel_server.api.operator_bodies import Filter, PathId, ReasonBody, Search, View
from flywheel_server.domain.evidence import KeyState
from flywheel_server.store import evidence_keys as store

router = APIRouter(prefix="/api/admin/evidence/keys", tags=["operators: evidence"])

_TIME = "2026-02-24T10:00:00Z"


class KeyView(View):
    """A key that an appliance has shown."""

    id: UUID = Field(description="Its id.")
    public_key: str = Field(description="The key, 64 hex digits.", examples=["e6c2…"])
    state: KeyState = Field(description="Whether it counts.", examples=["waiting"])
    seen_at: dt.datetime = Field(description="When it was first shown.", examples=[_TIME])
    decided_at: dt.datetime | None = Field(description="Since when it is so.", examples=[None])
    decided_by: str | None = Field(description="Who or what decided.", examples=[None])


class ShownKeyView(KeyView):
    """A key with its place."""

    slug: str = Field(
        serialization_alias="site_id", description="Its site.", examples=["site-lab-01"]
    )
    wire_id: str = Field(
        serialization_alias="appliance_id",
        description="Its appliance.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    )


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
            site_id=await operator_bodies.site_filter(connection, site_id),
            after=after,
            text=text,
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), ShownKeyView.model_validate)


@router.post("/{id}/approve")
async def approve_key(scope: Admin, parts: RuntimeDep, id: PathId, body: ReasonBody) -> KeyView:
    """Have an appliance sign with this key from now on; the one before it ends."""
    async with db.transaction(parts.database, scope) as connection:
        key = await actions.approve(connection, scope, id, body.reason, clock.now())
    return KeyView.model_validate(key)


@router.post("/{id}/refuse")
async def refuse_key(scope: Admin, parts: RuntimeDep, id: PathId, body: ReasonBody) -> KeyView:
    """Have a key never count."""
    async with db.transaction(parts.database, scope) as connection:
        key = await actions.refuse(connection, scope, id, body.reason, clock.now())
    return KeyView.model_validate(key)
