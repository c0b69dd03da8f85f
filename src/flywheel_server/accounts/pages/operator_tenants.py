"""Partners, their organizations and their sites: lists with search, and adding each."""

import contextlib
from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.actions import accounts as actions
from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.queries import tenants as queries
from flywheel_server.accounts.store import tenants
from flywheel_server.accounts.views.tenants import (
    NewOrganization,
    NewPartner,
    NewSite,
)
from flywheel_server.core import clock, db, errors
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/operator/tenants", include_in_schema=False)

_HERE = "/operator/tenants"
_ORGANIZATIONS = f"{_HERE}/organizations"
_SITES = f"{_HERE}/sites"
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def partners_page(
    request: Request, scope: Reader, parts: RuntimeDep, page: filters.PageDep, text: _Text = ""
) -> Response:
    """List partners with how large they are."""
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.partners(connection, page, text=filters.text(text))
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
    body = forms.checked(NewPartner, {"name": given.get("name", "").strip()})
    async with db.transaction(parts.database, scope) as connection:
        made = await actions.create_partner(connection, scope, body.name, clock.now())
    return frame.go(_HERE, f"{made.name} is added: add its organizations, then its people.")


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
        choices = await queries.partner_choices(connection)
        listed = await queries.organizations(
            connection,
            page,
            partner_id=filters.choice(partner, *choices),
            text=filters.text(text),
        )
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
    body = forms.checked(
        NewOrganization,
        {"partner_id": given.get("partner_id", ""), "name": given.get("name", "").strip()},
    )
    async with db.transaction(parts.database, scope) as connection:
        with known():
            made = await actions.create_organization(
                connection, scope, body.partner_id, body.name, clock.now()
            )
    return frame.go(_ORGANIZATIONS, f"{made.name} is added: add its sites next.")


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
        choices = await queries.partner_choices(connection)
        within = await queries.organization_choices(connection)
        listed = await queries.sites(
            connection,
            page,
            partner_id=filters.choice(partner, *choices),
            organization_id=filters.choice(organization, *within),
            text=filters.text(text),
        )
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
    async with db.transaction(parts.database, scope) as connection:
        with known():
            made = await actions.create_site(
                connection,
                scope,
                organization_id=body.organization_id,
                slug=body.site_id,
                name=body.name,
                healing_tier=body.healing_tier,
                now=clock.now(),
            )
    return frame.go(
        f"{_SITES}/{made.id}",
        f"{made.name} is added: issue a key for its appliances below, and they can check in.",
    )


@contextlib.contextmanager
def known() -> Iterator[None]:
    """Raise InvalidInput where the form names what is not there any more."""
    try:
        yield
    except errors.NotFound as error:
        raise errors.InvalidInput(
            "What you chose is not there any more: load the page and choose again."
        ) from error
