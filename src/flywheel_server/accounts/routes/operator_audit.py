"""The audit, for operators: who changed what, newest first."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.store import audit, tenants
from flywheel_server.accounts.views.bodies import Filter, Search, View
from flywheel_server.core import clock, db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: audit"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_MOST_DAYS = 3_650

DaysFilter = Annotated[
    int | None, Query(ge=1, le=_MOST_DAYS, description="Only of the last so many days.")
]


class AuditEntryView(View):
    """One change."""

    id: int = Field(description="Its place in the chain, from 1 without gaps.", examples=[12])
    at: dt.datetime = Field(description="When.", examples=["2026-02-24T10:00:00Z"])
    actor_kind: str = Field(
        description="`operator`, `partner`, `client` or `loop`.", examples=["operator"]
    )
    actor_id: UUID | None = Field(description="Who, by id; null for the loop.", examples=[_UUID])
    actor: str = Field(description="Who, as they were called.", examples=["ops@example.com"])
    action: str = Field(description="What was done.", examples=["rule.disable"])
    object_kind: str = Field(description="To what kind of object.", examples=["rule"])
    object_id: str = Field(description="To which object.", examples=[_UUID])
    partner_id: UUID | None = Field(description="The partner it concerns.", examples=[None])
    organization_id: UUID | None = Field(
        description="The organization it concerns.", examples=[None]
    )
    site_id: UUID | None = Field(description="The id of the site it concerns.", examples=[None])
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


class ChainView(View):
    """Whether the audit is as it was written."""

    entries: int = Field(description="How many entries it has.", examples=[4_012])
    broken_at: int | None = Field(
        description="The first entry that is missing or was changed; null: it holds.",
        examples=[None],
    )
    checked_at: dt.datetime = Field(description="When.", examples=["2026-02-24T10:00:00Z"])


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
        wanted = audit.Filters(
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            actor=actor,
            partner_id=await tenant_filters.partner_filter(connection, partner_id),
            organization_id=await tenant_filters.organization_filter(connection, organization_id),
            site_id=await tenant_filters.site_filter(connection, site_id),
            text=text,
            tenants=None if tenant is None else await tenants.named(connection, tenant),
            actor_kind=actor_kind,
            since=None if days is None else clock.now() - dt.timedelta(days=days),
        )
        rows = await audit.list_entries(connection, wanted, page.after(int), page.limit + 1)
    return pages.listing(rows, page, lambda row: (row.id,), _view)


@router.get("/audit/chain")
async def check_chain(scope: Reader, parts: RuntimeDep) -> ChainView:
    """Recompute the hash of every entry, and say where the chain breaks, if it does."""
    async with db.transaction(parts.database, scope) as connection:
        broken_at = await audit.first_break(connection)
        entries = await audit.length(connection)
    return ChainView(entries=entries, broken_at=broken_at, checked_at=clock.now())


def _view(entry: audit.Entry) -> AuditEntryView:
    return AuditEntryView(
        id=entry.id,
        at=entry.at,
        actor_kind=entry.actor_kind,
        actor_id=entry.actor_id,
        actor=entry.actor,
        action=entry.action,
        object_kind=entry.object_kind,
        object_id=entry.object_id,
        partner_id=entry.partner_id,
        organization_id=entry.organization_id,
        site_id=entry.site_id,
        before=entry.before,
        after=entry.after,
        hash=entry.hash.hex(),
    )
