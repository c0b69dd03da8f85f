"""Everybody who may sign in: inviting, roles, disabling, links. A link is shown once."""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.actions import people as actions
from flywheel_server.accounts.pages import (
    filters,
    operator_tenants as tenant_lists,
    people as tenant_people,
)
from flywheel_server.accounts.queries import people as queries, tenants as tenant_queries
from flywheel_server.accounts.store import tenants
from flywheel_server.accounts.store.people import Home, Kind
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.accounts.views.people import (
    Invitation,
    NewUser,
    SignInLink,
    UserChange,
    UserView,
)
from flywheel_server.core import clock, db, people as rules
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope, role_of
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame

router = APIRouter(prefix="/operator/people", include_in_schema=False)

_HERE = "/operator/people"
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
        partners = await tenant_queries.partner_choices(connection)
        organizations = await tenant_queries.organization_choices(connection)
        listed = await queries.listing(
            connection,
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
    body = _invited(given)
    async with db.transaction(parts.database, scope) as connection:
        with tenant_lists.known():
            made = await actions.invite(
                connection,
                scope,
                email=body.email,
                role=body.role,
                partner_id=body.partner_id,
                organization_id=body.organization_id,
                now=clock.now(),
            )
        shown = Invitation.of(made, parts.settings.reached_at)
        return await _person(request, scope, connection, made.user_id, invitation=shown)


@router.get("/{id}")
async def person_page(request: Request, scope: Reader, parts: RuntimeDep, id: PathId) -> Response:
    """Show somebody with what may be done about them."""
    async with db.transaction(parts.database, scope) as connection:
        return await _person(request, scope, connection, id)


@router.post("/{id}/role")
async def change_role(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Give somebody another role of the same home."""
    given = await forms.texts(request)
    body = forms.checked(UserChange, {"role": given.get("role", "")})
    async with db.transaction(parts.database, scope) as connection:
        user = await actions.change_role(connection, scope, id, body.role, clock.now())
    return frame.go(
        f"{_HERE}/{id}",
        f"{user.email} is {role_of(user.scope)} now, and signs in again to go on.",
    )


@router.post("/{id}/sign-out")
async def sign_out(scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """End every session of somebody."""
    async with db.transaction(parts.database, scope) as connection:
        user, ended = await actions.sign_out(connection, scope, id, clock.now())
    return frame.go(f"{_HERE}/{id}", tenant_people.said_of_sign_out(user.email, ended))


@router.get("/{id}/disable")
async def ask_disable(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Ask before somebody is stopped."""
    async with db.transaction(parts.database, scope) as connection:
        user = await queries.get(connection, scope, id)
    return asking.page(request, scope, tenant_people.of_disabling(user.email, f"{_HERE}/{id}"))


@router.post("/{id}/disable")
async def disable(scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Stop somebody at once."""
    async with db.transaction(parts.database, scope) as connection:
        user = await actions.disable(connection, scope, id, clock.now())
    return frame.go(
        f"{_HERE}/{id}", f"{user.email} is out: sessions, links and tokens stopped at once."
    )


@router.post("/{id}/enable")
async def enable(scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Let somebody sign in again."""
    async with db.transaction(parts.database, scope) as connection:
        user = await actions.enable(connection, scope, id, clock.now())
    return frame.go(
        f"{_HERE}/{id}",
        f"{user.email} may sign in again. Sessions and tokens do not come back.",
    )


@router.post("/{id}/invitation")
async def invite_again(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Make an invitation anew and show it once."""
    async with db.transaction(parts.database, scope) as connection:
        made = await actions.make_link(connection, scope, id, "invitation", clock.now())
        shown = Invitation.of(made, parts.settings.reached_at)
        return await _person(request, scope, connection, id, invitation=shown)


@router.post("/{id}/link")
async def make_link(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Make a link that signs somebody in and show it once."""
    async with db.transaction(parts.database, scope) as connection:
        made = await actions.make_link(connection, scope, id, "sign_in", clock.now())
        shown = SignInLink.of(made, parts.settings.reached_at)
        return await _person(request, scope, connection, id, link=shown)


async def _person(
    request: Request,
    scope: OperatorScope,
    connection: Connection,
    id: PathId,
    *,
    invitation: Invitation | None = None,
    link: SignInLink | None = None,
) -> Response:
    user = await queries.get(connection, scope, id)
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
