"""Reads partners, organizations, sites and operators, for operators."""

from uuid import UUID

from flywheel_server.accounts.queries import filters
from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.tenants import (
    OperatorView,
    OrganizationView,
    PartnerView,
    SiteView,
)
from flywheel_server.core.db import Connection
from flywheel_server.web import keysets as pages

_MOST_CHOICES = 500


async def partners(
    connection: Connection, page: pages.Page, *, text: str | None
) -> pages.Listing[PartnerView]:
    """List partners, oldest first."""
    rows = await accounts.list_partners(
        connection, page.after(UUID), text=text, limit=page.limit + 1
    )
    return pages.listing(rows, page, lambda row: (row.id,), PartnerView.model_validate)


async def organizations(
    connection: Connection, page: pages.Page, *, partner_id: str | None, text: str | None
) -> pages.Listing[OrganizationView]:
    """List organizations, oldest first. Raises NotFound for an unknown partner."""
    rows = await accounts.list_organizations(
        connection,
        after=page.after(UUID),
        partner_id=await filters.partner_filter(connection, partner_id),
        text=text,
        limit=page.limit + 1,
    )
    return pages.listing(rows, page, lambda row: (row.id,), OrganizationView.model_validate)


async def sites(
    connection: Connection,
    page: pages.Page,
    *,
    partner_id: str | None,
    organization_id: str | None,
    text: str | None,
) -> pages.Listing[SiteView]:
    """List sites, oldest first. Raises NotFound for an unknown partner or organization."""
    rows = await accounts.list_sites(
        connection,
        after=page.after(UUID),
        partner_id=await filters.partner_filter(connection, partner_id),
        organization_id=await filters.organization_filter(connection, organization_id),
        text=text,
        limit=page.limit + 1,
    )
    return pages.listing(rows, page, lambda row: (row.id,), SiteView.model_validate)


async def operators(connection: Connection, page: pages.Page) -> pages.Listing[OperatorView]:
    """List operators, oldest first."""
    rows = await accounts.list_operators(connection, page.after(UUID), page.limit + 1)
    return pages.listing(rows, page, lambda row: (row.id,), OperatorView.model_validate)


async def partner_choices(connection: Connection) -> dict[str, str]:
    """Return the names of the partners to choose from, by id."""
    found = await accounts.list_partners(connection, None, limit=_MOST_CHOICES)
    return {str(each.id): each.name for each in sorted(found, key=lambda each: each.name.lower())}


async def organization_choices(connection: Connection) -> dict[str, str]:
    """Return the names of the organizations to choose from, by id."""
    found = await accounts.list_organizations(
        connection, after=None, partner_id=None, text=None, limit=_MOST_CHOICES
    )
    return {str(each.id): each.name for each in sorted(found, key=lambda each: each.name.lower())}
