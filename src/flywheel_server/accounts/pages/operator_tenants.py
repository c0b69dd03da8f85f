"""Partners, their organizations and their sites: lists with search, and adding each."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.routes import operator_accounts as admin_accounts
from flywheel_server.accounts.routes.operator_accounts import (
    NewOrganization,
    NewPartner,
    NewSite,
    OrganizationView,
    PartnerView,
    SiteView,
)
from flywheel_server.accounts.store import accounts, tenants
from flywheel_server.core import db, errors
from flywheel_server.core.db import Connection
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/operator/tenants", include_in_schema=False)

_HERE = "/operator/tenants"
_ORGANIZATIONS = f"{_HERE}/organizations"
_SITES = f"{_HERE}/sites"
_MOST_CHOICES = 500
Made = TypeVar("Made")
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def partners_page(
    request: Request, scope: Reader, parts: RuntimeDep, page: filters.PageDep, text: _Text = ""
) -> Response:
    """List partners with how large they are."""
    listed = await admin_accounts.list_partners(scope, parts, page, filters.text(text))
    async with db.transaction(parts.database, scope) as connection:
        sizes = await tenants.of_partners(connection, [each.id for each in listed.items])
    return frame.page(
        request,
        scope,
        "operator/partners.html",
        partners=listed.items,
        sizes=sizes,
        following=filters.following(request, listed.next),
        chosen={"text": text},
    )


@router.post("")
async def create_partner(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Add a partner."""
    given = await forms.texts(request)

    async def deed() -> PartnerView:
        body = forms.checked(NewPartner, {"name": given.get("name", "").strip()})
        return await admin_accounts.create_partner(scope, parts, body)

    return await forms.attempt(
        _HERE, deed(), lambda made: f"{made.name} is added: add its organizations, then its people."
    )


@router.get("/organizations")
async def organizations_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    partner: _Text = "",
) -> Response:
    """List organizations with whose they are."""
    async with db.transaction(parts.database, scope) as connection:
        choices = await partners(connection)
    listed = await admin_accounts.list_organizations(
        scope, parts, page, filters.choice(partner, *choices), filters.text(text)
    )
    async with db.transaction(parts.database, scope) as connection:
        sizes = await tenants.of_organizations(connection, [each.id for each in listed.items])
        names = await tenants.names(connection, [each.partner_id for each in listed.items])
    return frame.page(
        request,
        scope,
        "operator/organizations.html",
        organizations=listed.items,
        sizes=sizes,
        names=names,
        partners=choices,
        following=filters.following(request, listed.next),
        chosen={"text": text, "partner": partner},
    )


@router.post("/organizations")
async def create_organization(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Add an organization to a partner."""
    given = await forms.texts(request)

    async def deed() -> OrganizationView:
        body = forms.checked(
            NewOrganization,
            {"partner_id": given.get("partner_id", ""), "name": given.get("name", "").strip()},
        )
        return await known(admin_accounts.create_organization(scope, parts, body))

    return await forms.attempt(
        _ORGANIZATIONS, deed(), lambda made: f"{made.name} is added: add its sites next."
    )


@router.get("/sites")
async def sites_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    partner: _Text = "",
    organization: _Text = "",
) -> Response:
    """List sites with whose they are."""
    async with db.transaction(parts.database, scope) as connection:
        choices = await partners(connection)
        within = await organizations(connection)
    listed = await admin_accounts.list_sites(
        scope=scope,
        parts=parts,
        page=page,
        partner_id=filters.choice(partner, *choices),
        organization_id=filters.choice(organization, *within),
        q=filters.text(text),
    )
    async with db.transaction(parts.database, scope) as connection:
        ids: list[UUID | None] = [each.partner_id for each in listed.items]
        names = await tenants.names(connection, [*ids, *(e.organization_id for e in listed.items)])
    return frame.page(
        request,
        scope,
        "operator/sites.html",
        sites=listed.items,
        names=names,
        partners=choices,
        organizations=within,
        following=filters.following(request, listed.next),
        chosen={"text": text, "partner": partner, "organization": organization},
    )


@router.post("/sites")
async def create_site(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Add a site to an organization."""
    given = await forms.texts(request)
    body = forms.checked(
        NewSite,
        {
            "organization_id": given.get("organization_id", ""),
            "site_id": given.get("site_id", "").strip(),
            "name": given.get("name", "").strip(),
            "healing_tier": given.get("healing_tier", ""),
        },
    )
    made: SiteView = await known(admin_accounts.create_site(scope, parts, body))
    return frame.go(
        f"{_SITES}/{made.id}",
        f"{made.name} is added: issue a key for its appliances below, and they can check in.",
    )


async def partners(connection: Connection) -> dict[str, str]:
    """Return the partners to choose from, by id."""
    found = await accounts.list_partners(connection, None, limit=_MOST_CHOICES)
    return {str(each.id): each.name for each in sorted(found, key=lambda each: each.name.lower())}


async def organizations(connection: Connection) -> dict[str, str]:
    """Return the organizations to choose from, by id."""
    found = await accounts.list_organizations(
        connection, after=None, partner_id=None, text=None, limit=_MOST_CHOICES
    )
    return {str(each.id): each.name for each in sorted(found, key=lambda each: each.name.lower())}


async def known(deed: Awaitable[Made]) -> Made:
    """Do it. Raises InvalidInput where the form names what is not there any more."""
    try:
        return await deed
    except errors.NotFound as error:
        raise errors.InvalidInput(
            "What you chose is not there any more: load the page and choose again."
        ) from error
