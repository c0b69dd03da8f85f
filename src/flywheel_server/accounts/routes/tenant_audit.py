"""The audit, for clients and partners: who changed what of theirs, whoever it was."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.routes.sites import PlaceView, SiteFilter, SiteFilterDep
from flywheel_server.accounts.store import tenant_audit
from flywheel_server.accounts.store.tenant_audit import Change
from flywheel_server.accounts.views.bodies import Filter
from flywheel_server.core import clock, db
from flywheel_server.core.scope import ClientScope, PartnerScope
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientReader, PartnerReader, RuntimeDep
from flywheel_server.web.runtime import Runtime

clients = APIRouter(prefix="/api/client", tags=["clients: audit"])
partners = APIRouter(prefix="/api/partners/me", tags=["partners: audit"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_MOST_DAYS = 3_650

ActorKind = Literal["client", "partner", "operator", "loop"]
KindFilter = Annotated[ActorKind | None, Query(description="Only what such actors did.")]
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


class ChangeView(BaseModel):
    """One change."""

    id: int = Field(description="Its place in the platform's chain of entries.", examples=[12])
    at: dt.datetime = Field(description="When, UTC.", examples=["2026-02-24T10:00:00Z"])
    actor_kind: str = Field(
        description="`client`, `partner`, `operator` or `loop`.", examples=["client"]
    )
    actor: str = Field(description="Who, as they were called.", examples=["kim@example.com"])
    action: str = Field(description="What was done.", examples=["candidate.endorse"])
    object_kind: str = Field(description="To what kind of object.", examples=["candidate"])
    object_id: str = Field(description="To which object.", examples=[_UUID])
    site: PlaceView | None = Field(description="The site it concerns, if it is about one.")
    before: dict[str, Any] | None = Field(
        description="What it was before; null for a new object.", examples=[{"enabled": True}]
    )
    after: dict[str, Any] | None = Field(
        description="What it was afterwards.", examples=[{"enabled": False, "reason": "Too eager."}]
    )
    hash: str = Field(
        description="SHA-256 over this entry and the hash of the one before, in hex.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )


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
    return await _list(
        parts, scope, page, site, action=action, actor_kind=actor_kind, text=text, days=days
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
    return await _list(
        parts, scope, page, site, action=action, actor_kind=actor_kind, text=text, days=days
    )


async def _list(
    parts: Runtime,
    scope: ClientScope | PartnerScope,
    page: pages.Page,
    site: SiteFilter,
    *,
    action: str | None,
    actor_kind: ActorKind | None,
    text: str | None,
    days: int | None,
) -> pages.Listing[ChangeView]:
    async with db.transaction(parts.database, scope) as connection:
        wanted = tenant_audit.Filters(
            site_id=await site.find(connection),
            action=action,
            actor_kind=actor_kind,
            text=text,
            since=None if days is None else clock.now() - dt.timedelta(days=days),
        )
        rows = await tenant_audit.page(connection, wanted, page.after(int), page.limit + 1)
    return pages.listing(rows, page, lambda row: (row.id,), _view)


def _view(change: Change) -> ChangeView:
    site = None
    if change.site_id is not None:
        site = PlaceView(id=change.site_id, site_id=change.slug or "", name=change.site_name or "")
    return ChangeView(
        id=change.id,
        at=change.at,
        actor_kind=change.actor_kind,
        actor=change.actor,
        action=change.action,
        object_kind=change.object_kind,
        object_id=change.object_id,
        site=site,
        before=change.before,
        after=change.after,
        hash=change.hash.hex(),
    )
