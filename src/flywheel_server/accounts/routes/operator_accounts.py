"""Partners, organizations, sites and operators, for operators."""

from typing import Annotated

from fastapi import APIRouter, Query

from flywheel_server.accounts.actions import accounts as actions
from flywheel_server.accounts.queries import tenants as queries
from flywheel_server.accounts.views.bodies import Filter, PathId
from flywheel_server.accounts.views.tenants import (
    NewOrganization,
    NewPartner,
    NewSite,
    OperatorView,
    OrganizationChange,
    OrganizationView,
    PartnerView,
    SiteView,
)
from flywheel_server.core import clock, db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: accounts"])

_Text = Annotated[str | None, Query(min_length=1, max_length=200, description="Part of a name.")]


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
        return await queries.partners(connection, page, text=q)


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
        return await queries.organizations(connection, page, partner_id=partner_id, text=q)


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
        return await queries.sites(
            connection, page, partner_id=partner_id, organization_id=organization_id, text=q
        )


@router.get("/operators")
async def list_operators(
    scope: Reader, parts: RuntimeDep, page: pages.PageDep
) -> pages.Listing[OperatorView]:
    """List operators, oldest first; the command `flywheel-server operator` makes them."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.operators(connection, page)
