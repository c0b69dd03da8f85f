"""The people of the platform, of a partner and of an organization, for those who manage them.

Three routers with the same routes: whom each may see and change follows from who is asking.
"""

from typing import Annotated

from fastapi import APIRouter, Depends

from flywheel_server.accounts.actions import people as actions
from flywheel_server.accounts.queries import people as queries
from flywheel_server.accounts.views.bodies import Filter, PathId
from flywheel_server.accounts.views.people import (
    Invitation,
    NewClientUser,
    NewPartnerUser,
    NewUser,
    SignedOut,
    SignInLink,
    TextFilter,
    UserChange,
    UserView,
)
from flywheel_server.core import clock, db
from flywheel_server.core.scope import PersonScope
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


def _router(prefix: str, tag: str, reads: Audience, changes: Audience) -> APIRouter:
    """Return the routes under ``prefix`` that every manager of people has."""
    router = APIRouter(prefix=prefix, tags=[tag])
    reading, changing = Depends(reads), Depends(changes)

    @router.post("/{id}/disable")
    async def disable_user(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> UserView:
        """Stop somebody, with their sessions, links and tokens, at once. Again changes nothing."""
        async with db.transaction(parts.database, scope) as connection:
            await actions.disable(connection, scope, id, clock.now())
            return await queries.get(connection, scope, id)

    @router.post("/{id}/enable")
    async def enable_user(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> UserView:
        """Let somebody sign in again. Again changes nothing."""
        async with db.transaction(parts.database, scope) as connection:
            await actions.enable(connection, scope, id, clock.now())
            return await queries.get(connection, scope, id)

    @router.delete("/{id}/sessions")
    async def sign_user_out(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> SignedOut:
        """Sign somebody out everywhere, at once; they may sign in again. Tokens and links stay."""
        async with db.transaction(parts.database, scope) as connection:
            user, ended = await actions.sign_out(connection, scope, id, clock.now())
        return SignedOut(id=user.id, email=user.email, ended=ended)

    @router.post("/{id}/invitation", status_code=201)
    async def invite_again(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> Invitation:
        """Make an invitation anew, also for a forgotten password; earlier ones stop."""
        async with db.transaction(parts.database, scope) as connection:
            link = await actions.make_link(connection, scope, id, "invitation", clock.now())
        return Invitation.of(link, parts.settings.reached_at)

    @router.post("/{id}/links", status_code=201)
    async def make_sign_in_link(
        scope: Annotated[PersonScope, changing], parts: RuntimeDep, id: PathId
    ) -> SignInLink:
        """Make a link that signs somebody in, once and within 60 minutes; earlier ones stop."""
        async with db.transaction(parts.database, scope) as connection:
            link = await actions.make_link(connection, scope, id, "sign_in", clock.now())
        return SignInLink.of(link, parts.settings.reached_at)

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
        async with db.transaction(parts.database, scope) as connection:
            return await queries.listing(connection, scope, page, text=text)

    return router


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
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listing(
            connection,
            scope,
            page,
            text=text,
            partner_id=partner_id,
            organization_id=organization_id,
        )


@operators.get("/{id}")
async def get_user(scope: Reader, parts: RuntimeDep, id: PathId) -> UserView:
    """Return somebody who may sign in."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.get(connection, scope, id)


@operators.patch("/{id}")
async def change_user(scope: Admin, parts: RuntimeDep, id: PathId, body: UserChange) -> UserView:
    """Give somebody another role of the same home; their sessions end, so that it holds at once."""
    async with db.transaction(parts.database, scope) as connection:
        await actions.change_role(connection, scope, id, body.role, clock.now())
        return await queries.get(connection, scope, id)


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
    return Invitation.of(link, parts.settings.reached_at)


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
    return Invitation.of(link, parts.settings.reached_at)


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
    return Invitation.of(link, parts.settings.reached_at)
