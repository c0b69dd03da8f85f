"""The people of the platform, of a partner and of an organization, for those who manage them.

Three routers with the same routes: whom each may see and change follows from who is asking.
"""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from flywheel_server.accounts.actions import people as actions
from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.store import people
from flywheel_server.accounts.store.one_time_links import Kind
from flywheel_server.accounts.store.people import User
from flywheel_server.accounts.views.bodies import Filter, Id, NotBlank, OperatorBody, PathId, View
from flywheel_server.core import clock, db, people as rules
from flywheel_server.core.scope import ClientRole, PartnerRole, PersonScope, role_of
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import (
    ADMIN,
    CLIENT_ADMIN,
    PARTNER_OWNER,
    READER,
    Admin,
    Audience,
    ClientAdmin,
    PartnerOwner,
    Reader,
    RuntimeDep,
)
from flywheel_server.web.runtime import Runtime

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_URL = "https://flywheel.example.com/invitation?token=2KgSFg4t8Qg"

_Email = Annotated[NotBlank, Field(max_length=rules.LONGEST_EMAIL)]


class NewPartnerUser(OperatorBody):
    """One of a partner's people to be invited."""

    email: _Email = Field(description="Their e-mail address.", examples=["person@example.com"])
    role: PartnerRole = Field(
        description="Owners manage people and keys, technicians decide, viewers look.",
        examples=["technician"],
    )


class NewClientUser(OperatorBody):
    """One of an organization's people to be invited."""

    email: _Email = Field(description="Their e-mail address.", examples=["person@example.com"])
    role: ClientRole = Field(
        description="Admins decide and manage people, viewers look.", examples=["viewer"]
    )


class NewUser(OperatorBody):
    """Somebody to be invited: with neither id, an operator."""

    email: _Email = Field(description="Their e-mail address.", examples=["person@example.com"])
    role: Literal["owner", "technician", "admin", "viewer"] = Field(
        description="Of a partner: owner, technician or viewer; else admin or viewer.",
        examples=["technician"],
    )
    partner_id: Id | None = Field(None, description="The partner they work for.", examples=[_UUID])
    organization_id: Id | None = Field(
        None, description="The organization they work for.", examples=[None]
    )


class UserChange(OperatorBody):
    """What to change of somebody who may sign in."""

    role: Literal["owner", "technician", "admin", "viewer"] = Field(
        description="Another role of the same home: an operator stays an operator.",
        examples=["viewer"],
    )


class Invitation(View):
    """A new person's, or a forgotten password's, way in."""

    id: UUID = Field(description="The person's id.", examples=[_UUID])
    invitation_link: str = Field(
        description="Give it to them: it sets a password, once. It is shown this once.",
        examples=[_URL],
    )
    expires_at: dt.datetime = Field(description="Until when it works.", examples=[_TIME])


class SignInLink(View):
    """A link that signs a person in, once."""

    id: UUID = Field(description="The person's id.", examples=[_UUID])
    link: str = Field(
        description="Give it to them: it signs in, once. It is shown this once.", examples=[_URL]
    )
    expires_at: dt.datetime = Field(description="Until when it works.", examples=[_TIME])


class SignedOut(View):
    """What signing somebody out everywhere did."""

    id: UUID = Field(description="The person's id.", examples=[_UUID])
    email: str = Field(description="Their e-mail address.", examples=["person@example.com"])
    ended: int = Field(description="Sessions that ended.", examples=[3])


class UserView(View):
    """Somebody who may sign in."""

    id: UUID = Field(description="Their id.", examples=[_UUID])
    email: str = Field(description="Their e-mail address.", examples=["person@example.com"])
    role: str = Field(description="What they are.", examples=["partner technician"])
    partner_id: UUID | None = Field(description="Their partner, if any.", examples=[_UUID])
    organization_id: UUID | None = Field(description="Their organization, if any.", examples=[None])
    created_at: dt.datetime = Field(description="When they were invited.", examples=[_TIME])
    disabled_at: dt.datetime | None = Field(
        description="Since when they may not sign in.", examples=[None]
    )
    invitation_open: bool = Field(
        description="Whether an invitation of theirs waits to be used.", examples=[False]
    )


TextFilter = Annotated[
    str | None,
    Query(min_length=1, max_length=300, description="In their address, whatever the case."),
]


def _router(prefix: str, tag: str, reads: Audience, changes: Audience) -> APIRouter:
    """Return the routes under ``prefix`` that every manager of people has."""
    router = APIRouter(prefix=prefix, tags=[tag])
    reading, changing = Depends(reads), Depends(changes)

    @router.post("/{id}/disable")
    async def disable_user(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> UserView:
        """Stop somebody, with their sessions, links and tokens, at once. Again changes nothing."""
        return await disable(parts, scope, id)

    @router.post("/{id}/enable")
    async def enable_user(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> UserView:
        """Let somebody sign in again. Again changes nothing."""
        return await enable(parts, scope, id)

    @router.delete("/{id}/sessions")
    async def sign_user_out(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> SignedOut:
        """Sign somebody out everywhere, at once; they may sign in again. Tokens and links stay."""
        return await sign_out(parts, scope, id)

    @router.post("/{id}/invitation", status_code=201)
    async def invite_again(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> Invitation:
        """Make an invitation anew, also for a forgotten password; earlier ones stop."""
        return await renew_invitation(parts, scope, id)

    @router.post("/{id}/links", status_code=201)
    async def make_sign_in_link(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> SignInLink:
        """Make a link that signs somebody in, once and within 60 minutes; earlier ones stop."""
        return await make_link(parts, scope, id)

    if prefix == "/api/admin/users":
        return router

    @router.get("")
    async def list_users(
        scope: Annotated[PersonScope, reading],
        parts: RuntimeDep,
        page: pages.PageDep,
        text: TextFilter = None,
    ) -> pages.Listing[UserView]:
        """List one's people, the oldest account first; disabled ones too."""
        return await list_people(parts, scope, page, text=text)

    return router


async def list_people(
    parts: Runtime,
    scope: PersonScope,
    page: pages.Page,
    *,
    text: str | None = None,
    partner_id: str | None = None,
    organization_id: str | None = None,
    kind: people.Kind = people.ANY_KIND,
) -> pages.Listing[UserView]:
    """Return the people whom one manages, the oldest account first."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await people.list_users(
            connection,
            scope,
            after=page.after(UUID),
            text=text,
            kind=kind,
            partner_id=await tenant_filters.partner_filter(connection, partner_id),
            organization_id=await tenant_filters.organization_filter(connection, organization_id),
            limit=page.limit + 1,
        )
        invited = await people.invited(connection, [row.id for row in rows])
    return pages.listing(
        rows, page, lambda row: (row.id,), lambda row: _view(row, row.id in invited)
    )


async def disable(parts: Runtime, scope: PersonScope, id: UUID) -> UserView:
    """Stop somebody at once."""
    async with db.transaction(parts.database, scope) as connection:
        user = await actions.disable(connection, scope, id, clock.now())
        invited = await people.invited(connection, [id])
    return _view(user, id in invited)


async def enable(parts: Runtime, scope: PersonScope, id: UUID) -> UserView:
    """Let somebody sign in again."""
    async with db.transaction(parts.database, scope) as connection:
        user = await actions.enable(connection, scope, id, clock.now())
        invited = await people.invited(connection, [id])
    return _view(user, id in invited)


async def sign_out(parts: Runtime, scope: PersonScope, id: UUID) -> SignedOut:
    """End every session of somebody."""
    async with db.transaction(parts.database, scope) as connection:
        user, ended = await actions.sign_out(connection, scope, id, clock.now())
    return SignedOut(id=user.id, email=user.email, ended=ended)


async def renew_invitation(parts: Runtime, scope: PersonScope, id: UUID) -> Invitation:
    """Make an invitation anew; earlier ones stop."""
    return _invitation(parts, await _link(parts, scope, id, "invitation"))


async def make_link(parts: Runtime, scope: PersonScope, id: UUID) -> SignInLink:
    """Make a link that signs somebody in once."""
    link = await _link(parts, scope, id, "sign_in")
    return SignInLink(id=link.user_id, link=_url(parts, link), expires_at=link.expires_at)


operators = _router("/api/admin/users", "operators: people", READER, ADMIN)
partners = _router("/api/partners/me/users", "partners: people", PARTNER_OWNER, PARTNER_OWNER)
clients = _router("/api/client/users", "clients: people", CLIENT_ADMIN, CLIENT_ADMIN)


@operators.get("")
async def list_users(
    *,
    scope: Annotated[PersonScope, Depends(READER)],
    parts: RuntimeDep,
    page: pages.PageDep,
    partner_id: Filter = None,
    organization_id: Filter = None,
    text: TextFilter = None,
) -> pages.Listing[UserView]:
    """List everybody who may sign in, the oldest account first; disabled ones too."""
    return await list_people(
        parts, scope, page, text=text, partner_id=partner_id, organization_id=organization_id
    )


@operators.get("/{id}")
async def get_user(scope: Reader, parts: RuntimeDep, id: PathId) -> UserView:
    """Return somebody who may sign in."""
    async with db.transaction(parts.database, scope) as connection:
        user = await actions.get(connection, scope, id)
        invited = await people.invited(connection, [id])
    return _view(user, id in invited)


@operators.patch("/{id}")
async def change_user(scope: Admin, parts: RuntimeDep, id: PathId, body: UserChange) -> UserView:
    """Give somebody another role of the same home; their sessions end, so that it holds at once."""
    async with db.transaction(parts.database, scope) as connection:
        user = await actions.change_role(connection, scope, id, body.role, clock.now())
        invited = await people.invited(connection, [id])
    return _view(user, id in invited)


@operators.post("", status_code=201)
async def invite_user(scope: Admin, parts: RuntimeDep, body: NewUser) -> Invitation:
    """Invite somebody for a partner, for an organization, or (neither given) as an operator."""
    async with db.transaction(parts.database, scope) as connection:
        link = await actions.invite(
            connection,
            scope,
            email=body.email,
            role=body.role,
            partner_id=body.partner_id,
            organization_id=body.organization_id,
            now=clock.now(),
        )
    return _invitation(parts, link)


@partners.post("", status_code=201)
async def invite_partner_user(
    scope: PartnerOwner, parts: RuntimeDep, body: NewPartnerUser
) -> Invitation:
    """Invite somebody who works for one's partner."""
    async with db.transaction(parts.database, scope) as connection:
        link = await actions.invite(
            connection,
            scope,
            email=body.email,
            role=body.role,
            partner_id=scope.partner_id,
            now=clock.now(),
        )
    return _invitation(parts, link)


@clients.post("", status_code=201)
async def invite_client_user(
    scope: ClientAdmin, parts: RuntimeDep, body: NewClientUser
) -> Invitation:
    """Invite somebody who works for one's organization."""
    async with db.transaction(parts.database, scope) as connection:
        link = await actions.invite(
            connection,
            scope,
            email=body.email,
            role=body.role,
            organization_id=scope.organization_id,
            now=clock.now(),
        )
    return _invitation(parts, link)


async def _link(parts: Runtime, scope: PersonScope, id: UUID, kind: Kind) -> actions.Link:
    async with db.transaction(parts.database, scope) as connection:
        return await actions.make_link(connection, scope, id, kind, clock.now())


def _invitation(parts: Runtime, link: actions.Link) -> Invitation:
    return Invitation(
        id=link.user_id, invitation_link=_url(parts, link), expires_at=link.expires_at
    )


def _url(parts: Runtime, link: actions.Link) -> str:
    return rules.link_url(parts.settings.reached_at, link.kind, link.token)


def _view(user: User, invited: bool) -> UserView:
    return UserView(
        id=user.id,
        email=user.email,
        role=role_of(user.scope),
        partner_id=user.partner_id,
        organization_id=user.organization_id,
        created_at=user.created_at,
        disabled_at=user.disabled_at,
        invitation_open=invited,
    )
