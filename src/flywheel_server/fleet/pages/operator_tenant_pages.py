"""One partner, one organization, one site: what it is, what may be changed, and its keys.

A new key is on the page that answers, and never again.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.actions import accounts as tenant_actions, keys as key_actions
from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.pages.operator_tenants import known
from flywheel_server.accounts.queries import (
    filters as tenant_filters,
    keys as key_queries,
    tenants as tenant_queries,
)
from flywheel_server.accounts.store import accounts, tenants
from flywheel_server.accounts.store.accounts import Organization
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.accounts.views.keys import IssuedKey, NewKey, NewSiteKey
from flywheel_server.accounts.views.tenants import OrganizationChange
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.fleet.actions import site_settings
from flywheel_server.fleet.views.sites import SiteChange
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame, words
from flywheel_server.web.pages.asking import Question

router = APIRouter(prefix="/operator/tenants", include_in_schema=False)

_HERE = "/operator/tenants"
_FIRST = pages.Page(limit=filters.SHOWN, cursor=None)
_MOST_SHOWN = pages.Page(limit=200, cursor=None)
_Text = Annotated[str, Query(max_length=300)]


@router.get("/partners/{id}")
async def partner_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    id: PathId,
    key: _Text = "",
) -> Response:
    """Show a partner with its organizations and API keys."""
    async with db.transaction(parts.database, scope) as connection:
        return await _partner(request, scope, connection, id, page, sought=key)


@router.post("/partners/{id}/keys")
async def issue_partner_key(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId
) -> Response:
    """Issue an API key of a partner and show it once."""
    given = await forms.texts(request)
    body = forms.checked(NewKey, {"label": given.get("label", "").strip()})
    async with db.transaction(parts.database, scope) as connection:
        issued = await key_actions.issue_for_partner(connection, scope, id, body.label, clock.now())
        shown = IssuedKey.model_validate(issued)
        return await _partner(request, scope, connection, id, _FIRST, shown)


@router.get("/organizations/{id}")
async def organization_page(
    request: Request, scope: Reader, parts: RuntimeDep, id: PathId
) -> Response:
    """Show an organization with its sites, and whether it contributes."""
    async with db.transaction(parts.database, scope) as connection:
        found = await _organization(connection, id)
        names = await tenants.names(connection, [found.partner_id])
        sizes = await tenants.of_organizations(connection, [id])
        sites = await tenant_queries.sites(
            connection, _MOST_SHOWN, partner_id=None, organization_id=str(id), text=None
        )
    return frame.page(
        request,
        scope,
        "operator/organization.html",
        organization=found,
        partner=names.get(found.partner_id, ""),
        size=sizes.get(id, tenants.NOTHING),
        sites=sites,
    )


@router.get("/organizations/{id}/opt-out")
async def ask_opt_out(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Ask before an organization leaves shared learning."""
    async with db.transaction(parts.database, scope) as connection:
        found = await _organization(connection, id)
    home = f"{_HERE}/organizations/{id}"
    question = Question(
        title=f"{found.name} shall contribute no more",
        final="Its counts, the past ones too, leave what all learn with the next turn of the loop.",
        then="Platform rules that were made already stay, and go on reaching it. It can contribute "
        "again at any time: its own admins can say so as well.",
        verb="Opt out",
        back=home,
        action=home,
        fields={"contributes": "no"},
    )
    return asking.page(request, scope, question)


@router.post("/organizations/{id}")
async def change_organization(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId
) -> Response:
    """Rename an organization, or have it contribute or not."""
    given = await forms.texts(request)
    changes: dict[str, object] = {}
    if "name" in given:
        changes["name"] = given["name"].strip()
    if given.get("contributes"):
        changes["contributes"] = given["contributes"] == "yes"
    body = forms.checked(OrganizationChange, changes)
    async with db.transaction(parts.database, scope) as connection:
        changed = await tenant_actions.change_organization(
            connection, scope, id, name=body.name, contributes=body.contributes, now=clock.now()
        )
    return frame.go(f"{_HERE}/organizations/{id}", _organization_changed(changed))


@router.get("/sites/{id}")
async def site_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    id: PathId,
    key: _Text = "",
) -> Response:
    """Show a site with its keys."""
    async with db.transaction(parts.database, scope) as connection:
        return await _site(request, scope, connection, id, page, sought=key)


@router.post("/sites/{id}")
async def change_site(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Rename a site, or give it another healing tier."""
    given = await forms.texts(request)
    body = forms.body(
        SiteChange, name=given.get("name", "").strip(), healing_tier=given.get("healing_tier")
    )
    async with db.transaction(parts.database, scope) as connection:
        site = await tenant_filters.site(connection, str(id))
        changed = await site_settings.change_site(
            connection,
            scope,
            site,
            name=body.name,
            healing_tier=body.healing_tier,
            now=clock.now(),
        )
    return frame.go(
        f"{_HERE}/sites/{id}",
        f"{changed.name} is as you set it: its appliances get the rules of its tier with their "
        "next sync.",
    )


@router.post("/sites/{id}/keys")
async def issue_site_key(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Issue a key for a site's appliances, or for one of them, and show it once."""
    given = await forms.texts(request)
    body = forms.body(
        NewSiteKey, label=given.get("label", "").strip(), appliance_id=given.get("appliance_id")
    )
    async with db.transaction(parts.database, scope) as connection:
        issued = await key_actions.issue_for_site(
            connection,
            scope,
            await tenant_filters.site(connection, str(id)),
            body.label,
            clock.now(),
            appliance=body.appliance_id,
        )
        shown = IssuedKey.model_validate(issued)
        return await _site(request, scope, connection, id, _FIRST, shown)


@router.get("/keys/{id}/revoke")
async def ask_revoke_key(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId, back: _Text = ""
) -> Response:
    """Ask before a key ends."""
    async with db.transaction(parts.database, scope) as connection:
        listed = await key_queries.listing(
            connection, _FIRST, site_id=None, partner_id=None, text=str(id)
        )
    if not listed.items:
        raise errors.NotFound("There is no such key: choose one from its site or partner.")
    home = frame.own_path(back) or _HERE
    question = Question(
        title=f"Revoke the key {listed.items[0].label or words.shortened(str(id))}",
        final="This is final: a revoked key is never valid again.",
        then="Whatever uses it is refused within five seconds: an appliance without another key "
        "is silent from then on. Another key can be issued.",
        verb="Revoke the key",
        back=home,
        fields={"back": home},
    )
    return asking.page(request, scope, question)


@router.post("/keys/{id}/revoke")
async def revoke_key(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Revoke a key, and go back to whose it was."""
    given = await forms.texts(request)
    back = frame.own_path(given.get("back", "")) or _HERE
    async with db.transaction(parts.database, scope) as connection:
        with known():
            await key_actions.revoke(connection, scope, id, clock.now())
    return frame.go(back, "The key is revoked: within five seconds no server takes it any more.")


async def _organization(connection: Connection, id: UUID) -> Organization:
    found = await accounts.get_organization(connection, id)
    if found is None:
        raise errors.NotFound("There is no such organization: choose one from the list.")
    return found


async def _partner(
    request: Request,
    scope: OperatorScope,
    connection: Connection,
    id: PathId,
    page: pages.Page,
    issued: IssuedKey | None = None,
    sought: str = "",
) -> Response:
    found = await accounts.get_partner(connection, id)
    if found is None:
        raise errors.NotFound("There is no such partner: choose one from the list.")
    sizes = await tenants.of_partners(connection, [id])
    home = f"{_HERE}/partners/{id}"
    organizations = await tenant_queries.organizations(
        connection, _MOST_SHOWN, partner_id=str(id), text=None
    )
    keys = await key_queries.listing(
        connection, page, site_id=None, partner_id=str(id), text=filters.text(sought)
    )
    return frame.page(
        request,
        scope,
        "operator/partner.html",
        partner=found,
        size=sizes.get(id, tenants.NOTHING),
        organizations=organizations,
        keys=keys.items,
        following=_following(home, keys.next, sought),
        sought=sought,
        issued=issued,
        home=home,
    )


async def _site(
    request: Request,
    scope: OperatorScope,
    connection: Connection,
    id: PathId,
    page: pages.Page,
    issued: IssuedKey | None = None,
    sought: str = "",
) -> Response:
    found = await accounts.find_site(connection, str(id))
    if found is None:
        raise errors.NotFound("There is no such site: choose one from the list.")
    names = await tenants.names(connection, [found.partner_id, found.organization_id])
    appliances = await tenants.appliances(connection, id, _MOST_SHOWN.limit)
    home = f"{_HERE}/sites/{id}"
    keys = await key_queries.listing(
        connection, page, site_id=str(id), partner_id=None, text=filters.text(sought)
    )
    return frame.page(
        request,
        scope,
        "operator/tenant_site.html",
        site=found,
        names=names,
        appliances=appliances,
        keys=keys.items,
        following=_following(home, keys.next, sought),
        sought=sought,
        issued=issued,
        home=home,
    )


def _following(home: str, cursor: str | None, sought: str) -> str | None:
    """Return the address of the next keys; a key was just issued on another one."""
    return frame.address(home, key=sought, next=cursor) if cursor else None


def _organization_changed(organization: Organization) -> str:
    if organization.contributes:
        return f"{organization.name} is as you set it, and contributes to what all learn."
    return (
        f"{organization.name} is as you set it, and does not contribute: its counts, the past "
        "ones too, leave the platform's with the next turn of the loop."
    )
