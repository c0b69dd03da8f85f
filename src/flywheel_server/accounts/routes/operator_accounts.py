"""Partners, organizations, sites and operators, for operators."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from flywheel_server.accounts.actions import accounts as actions
from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import Filter, Id, Name, OperatorBody, PathId, View
from flywheel_server.core import clock, db
from flywheel_server.core.scope import OperatorRole
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: accounts"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_Text = Annotated[str | None, Query(min_length=1, max_length=200, description="Part of a name.")]


class NewPartner(OperatorBody):
    """A partner to be added."""

    name: Name = Field(description="What people call it.", examples=["North IT"])


class PartnerView(View):
    """A partner."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    name: str = Field(description="What people call it.", examples=["North IT"])
    created_at: dt.datetime = Field(description="When it was added.", examples=[_TIME])


class NewOrganization(OperatorBody):
    """An organization to be added."""

    partner_id: Id = Field(description="The partner who looks after it.", examples=[_UUID])
    name: Name = Field(description="What people call it.", examples=["Harbour Dental"])


class OrganizationChange(OperatorBody):
    """What to change; what is absent or null stays as it is."""

    name: Name | None = Field(None, description="Its new name.", examples=["Harbour Dental"])
    contributes: bool | None = Field(
        None,
        description="Whether its counts enter the platform's aggregates, the past ones too.",
        examples=[False],
    )

    @model_validator(mode="after")
    def _something(self) -> "OrganizationChange":
        if self.name is None and self.contributes is None:
            raise ValueError("give `name` or `contributes`")
        return self


class OrganizationView(View):
    """An organization."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    partner_id: UUID = Field(description="The partner who looks after it.", examples=[_UUID])
    name: str = Field(description="What people call it.", examples=["Harbour Dental"])
    contributes: bool = Field(
        description="Whether its counts enter the platform's aggregates.", examples=[True]
    )
    created_at: dt.datetime = Field(description="When it was added.", examples=[_TIME])


class NewSite(OperatorBody):
    """A site to be added."""

    site_id: str = Field(
        description="What its appliances call it; unique, and never another site's again.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        examples=["harbour-dental-main"],
    )
    organization_id: Id = Field(description="Whose site it is.", examples=[_UUID])
    name: Name = Field(description="What people call it.", examples=["Main practice"])
    healing_tier: accounts.HealingTier = Field(
        "standard", description="Which built-in rules it gets.", examples=["standard"]
    )


class SiteView(View):
    """A site."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    site_id: str = Field(
        validation_alias="slug",
        description="What its appliances call it.",
        examples=["harbour-dental-main"],
    )
    organization_id: UUID = Field(description="Whose site it is.", examples=[_UUID])
    partner_id: UUID = Field(description="The partner of that organization.", examples=[_UUID])
    name: str = Field(description="What people call it.", examples=["Main practice"])
    healing_tier: str = Field(description="Which built-in rules it gets.", examples=["standard"])
    created_at: dt.datetime = Field(description="When it was added.", examples=[_TIME])


class OperatorView(View):
    """An operator."""

    id: UUID = Field(description="Their id.", examples=[_UUID])
    email: str = Field(description="Their e-mail address.", examples=["ops@example.com"])
    role: OperatorRole = Field(description="Viewers change nothing.", examples=["viewer"])
    created_at: dt.datetime = Field(description="When they were added.", examples=[_TIME])
    disabled_at: dt.datetime | None = Field(
        description="Since when their tokens are refused.", examples=[None]
    )


@router.post("/partners", status_code=201)
async def create_partner(scope: Admin, parts: RuntimeDep, body: NewPartner) -> PartnerView:
    """Add a partner."""
    async with db.transaction(parts.database, scope) as connection:
        partner = await actions.create_partner(connection, scope, body.name, clock.now())
    return PartnerView.model_validate(partner)


@router.get("/partners")
async def list_partners(
    scope: Reader, parts: RuntimeDep, page: pages.PageDep, q: _Text = None
) -> pages.Listing[PartnerView]:
    """List partners, oldest first."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await accounts.list_partners(
            connection, page.after(UUID), text=q, limit=page.limit + 1
        )
    return pages.listing(rows, page, lambda row: (row.id,), PartnerView.model_validate)


@router.post("/organizations", status_code=201)
async def create_organization(
    scope: Admin, parts: RuntimeDep, body: NewOrganization
) -> OrganizationView:
    """Add an organization to a partner."""
    async with db.transaction(parts.database, scope) as connection:
        organization = await actions.create_organization(
            connection, scope, body.partner_id, body.name, clock.now()
        )
    return OrganizationView.model_validate(organization)


@router.patch("/organizations/{id}")
async def change_organization(
    scope: Admin, parts: RuntimeDep, id: PathId, body: OrganizationChange
) -> OrganizationView:
    """Rename an organization, or have it contribute to the platform's aggregates or not."""
    async with db.transaction(parts.database, scope) as connection:
        organization = await actions.change_organization(
            connection, scope, id, name=body.name, contributes=body.contributes, now=clock.now()
        )
    return OrganizationView.model_validate(organization)


@router.get("/organizations")
async def list_organizations(
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    partner_id: Filter = None,
    q: _Text = None,
) -> pages.Listing[OrganizationView]:
    """List organizations, oldest first."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await accounts.list_organizations(
            connection,
            after=page.after(UUID),
            partner_id=await tenant_filters.partner_filter(connection, partner_id),
            text=q,
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), OrganizationView.model_validate)


@router.post("/sites", status_code=201)
async def create_site(scope: Admin, parts: RuntimeDep, body: NewSite) -> SiteView:
    """Add a site to an organization."""
    async with db.transaction(parts.database, scope) as connection:
        site = await actions.create_site(
            connection,
            scope,
            organization_id=body.organization_id,
            slug=body.site_id,
            name=body.name,
            healing_tier=body.healing_tier,
            now=clock.now(),
        )
    return SiteView.model_validate(site)


@router.get("/sites")
async def list_sites(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    partner_id: Filter = None,
    organization_id: Filter = None,
    q: _Text = None,
) -> pages.Listing[SiteView]:
    """List sites, oldest first."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await accounts.list_sites(
            connection,
            after=page.after(UUID),
            partner_id=await tenant_filters.partner_filter(connection, partner_id),
            organization_id=await tenant_filters.organization_filter(connection, organization_id),
            text=q,
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), SiteView.model_validate)


@router.get("/operators")
async def list_operators(
    scope: Reader, parts: RuntimeDep, page: pages.PageDep
) -> pages.Listing[OperatorView]:
    """List operators, oldest first; the command `flywheel-server operator` makes them."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await accounts.list_operators(connection, page.after(UUID), page.limit + 1)
    return pages.listing(rows, page, lambda row: (row.id,), OperatorView.model_validate)
