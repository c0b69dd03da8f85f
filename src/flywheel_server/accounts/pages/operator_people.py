"""Everybody who may sign in: inviting, roles, disabling, links. A link is shown once."""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import (
    filters,
    operator_tenants as tenant_lists,
    people as tenant_people,
)
from flywheel_server.accounts.routes import people
from flywheel_server.accounts.routes.people import (
    Invitation,
    NewUser,
    SignInLink,
    UserChange,
    UserView,
)
from flywheel_server.accounts.store import tenants
from flywheel_server.accounts.store.people import Home, Kind
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.core import db, people as rules
from flywheel_server.core.scope import OperatorScope
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame

router = APIRouter(prefix="/operator/people", include_in_schema=False)

_HERE = "/operator/people"
_FIRST = pages.Page(limit=filters.SHOWN, cursor=None)
_HOMES = ("operator", "partner", "client")
_ROLES = ("owner", "technician", "admin", "viewer")
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def people_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    home: _Text = "",
    role: _Text = "",
    state: _Text = "",
    partner: _Text = "",
    organization: _Text = "",
) -> Response:
    """List everybody who may sign in, with the form that invites another one."""
    async with db.transaction(parts.database, scope) as connection:
        partners = await tenant_lists.partners(connection)
        organizations = await tenant_lists.organizations(connection)
    listed = await people.list_people(
        parts,
        scope,
        page,
        text=filters.text(text),
        partner_id=filters.choice(partner, *partners),
        organization_id=filters.choice(organization, *organizations),
        kind=Kind(
            home=cast("Home | None", filters.choice(home, *_HOMES)),
            role=filters.choice(role, *_ROLES),
            disabled={"disabled": True, "enabled": False}.get(state),
        ),
    )
    async with db.transaction(parts.database, scope) as connection:
        ids = [each.partner_id or each.organization_id for each in listed.items]
        names = await tenants.names(connection, ids)
    return frame.page(
        request,
        scope,
        "operator/people.html",
        people=listed.items,
        names=names,
        partners=partners,
        organizations=organizations,
        following=filters.following(request, listed.next),
        chosen={
            "text": text,
            "home": home,
            "role": role,
            "state": state,
            "partner": partner,
            "organization": organization,
        },
    )


@router.post("")
async def invite(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Invite somebody and show the link once."""
    given = await forms.texts(request)
    made = await tenant_lists.known(people.invite_user(scope, parts, _invited(given)))
    return await _person(request, scope, parts, made.id, invitation=made)


@router.get("/{id}")
async def person_page(request: Request, scope: Reader, parts: RuntimeDep, id: PathId) -> Response:
    """Show somebody with what may be done about them."""
    return await _person(request, scope, parts, id)


@router.post("/{id}/role")
async def change_role(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Give somebody another role of the same home."""
    given = await forms.texts(request)

    async def deed() -> UserView:
        body = forms.checked(UserChange, {"role": given.get("role", "")})
        return await people.change_user(scope, parts, id, body)

    return await forms.attempt(
        f"{_HERE}/{id}",
        deed(),
        lambda user: f"{user.email} is {user.role} now, and signs in again to go on.",
    )


@router.post("/{id}/sign-out")
async def sign_out(scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """End every session of somebody."""
    return await forms.attempt(
        f"{_HERE}/{id}", people.sign_out(parts, scope, id), tenant_people.said_of_sign_out
    )


@router.get("/{id}/disable")
async def ask_disable(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Ask before somebody is stopped."""
    user = await people.get_user(scope, parts, id)
    return asking.page(request, scope, tenant_people.of_disabling(user.email, f"{_HERE}/{id}"))


@router.post("/{id}/disable")
async def disable(scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Stop somebody at once."""
    return await forms.attempt(
        f"{_HERE}/{id}",
        people.disable(parts, scope, id),
        lambda user: f"{user.email} is out: sessions, links and tokens stopped at once.",
    )


@router.post("/{id}/enable")
async def enable(scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Let somebody sign in again."""
    return await forms.attempt(
        f"{_HERE}/{id}",
        people.enable(parts, scope, id),
        lambda user: f"{user.email} may sign in again. Sessions and tokens do not come back.",
    )


@router.post("/{id}/invitation")
async def invite_again(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Make an invitation anew and show it once."""
    made = await people.renew_invitation(parts, scope, id)
    return await _person(request, scope, parts, id, invitation=made)


@router.post("/{id}/link")
async def make_link(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Make a link that signs somebody in and show it once."""
    made = await people.make_link(parts, scope, id)
    return await _person(request, scope, parts, id, link=made)


async def _person(
    request: Request,
    scope: OperatorScope,
    parts: RuntimeDep,
    id: PathId,
    *,
    invitation: Invitation | None = None,
    link: SignInLink | None = None,
) -> Response:
    user = await people.get_user(scope, parts, id)
    async with db.transaction(parts.database, scope) as connection:
        names = await tenants.names(connection, [user.partner_id or user.organization_id])
    return frame.page(
        request,
        scope,
        "operator/person.html",
        user=user,
        # An operator's actor is not their account, but an address has one account.
        myself=user.email == scope.actor_name,
        home=f"{_HERE}/{id}",
        tenant=next(iter(names.values()), ""),
        roles=_roles(user),
        invitation=invitation,
        link=link,
    )


def _invited(given: dict[str, str]) -> NewUser:
    # One field says home and role: without scripts, one choice cannot depend on another.
    home, _, role = given.get("role", "").partition(" ")
    if home == "partner" and not given.get("partner_id"):
        raise forms.wrong("partner_id", "Choose the partner that they work for.")
    if home == "client" and not given.get("organization_id"):
        raise forms.wrong("organization_id", "Choose the organization that they work for.")
    return forms.body(
        NewUser,
        email=given.get("email", "").strip(),
        role=role,
        partner_id=given.get("partner_id") if home == "partner" else None,
        organization_id=given.get("organization_id") if home == "client" else None,
    )


def _roles(user: UserView) -> list[str]:
    if user.partner_id is not None:
        return sorted(rules.PARTNER_ROLES)
    if user.organization_id is not None:
        return sorted(rules.CLIENT_ROLES)
    return sorted(rules.OPERATOR_ROLES)
