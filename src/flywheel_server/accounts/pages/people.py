"""The people of a partner or of an organization, for those who manage them: the same page twice.

A new link is on the page that answers, and never again.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from flywheel_server.accounts.actions import people as actions
from flywheel_server.accounts.actions.people import Link
from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.queries import people as queries
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.accounts.views.people import (
    NewClientUser,
    NewPartnerUser,
)
from flywheel_server.core import clock, db, people as rules
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope, PartnerScope
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import CLIENT_ADMIN, PARTNER_OWNER, Audience, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame, words
from flywheel_server.web.pages.asking import Question
from flywheel_server.web.runtime import Runtime

_Text = Annotated[str, Query(max_length=300)]
_FIRST = pages.Page(limit=filters.SHOWN, cursor=None)
_Manager = PartnerScope | ClientScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where people belong: its page, what it is called, and what its people may be."""

    path: str
    name: str
    # Role, label, and what it may do.
    roles: tuple[tuple[str, str, str], ...]


PARTNER = Home(
    path="/partner/people",
    name="your company",
    roles=(
        ("technician", "Technician", "decides on candidates, plans and rules"),
        ("viewer", "Viewer", "looks, and changes nothing"),
        ("owner", "Owner", "does all of it, and manages people and API keys"),
    ),
)
CLIENT = Home(
    path="/client/people",
    name="your organization",
    roles=(
        ("viewer", "Viewer", "looks, and changes nothing"),
        ("admin", "Admin", "decides, and manages people and shared learning"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link to be given to somebody, shown once."""

    email: str
    url: str
    # Whether it sets a password; else it signs in.
    invites: bool
    expires_at: dt.datetime


def _router(home: Home, audience: Audience) -> APIRouter:
    """Return the pages of one home's people."""
    router = APIRouter(prefix=home.path, include_in_schema=False)
    manager = Depends(audience)

    @router.get("")
    async def people_page(
        request: Request,
        scope: Annotated[_Manager, manager],
        parts: RuntimeDep,
        page: filters.PageDep,
        text: _Text = "",
    ) -> Response:
        """List the people, with the form to invite another."""
        async with db.transaction(parts.database, scope) as connection:
            return await _page(request, scope, connection, home, page, text)

    @router.post("")
    async def invite(
        request: Request, scope: Annotated[_Manager, manager], parts: RuntimeDep
    ) -> Response:
        """Invite somebody, and show the link once."""
        given = await forms.texts(request)
        async with db.transaction(parts.database, scope) as connection:
            made = await _invite(connection, scope, given)
            link = _link(parts, given, made)
            return await _page(request, scope, connection, home, _FIRST, "", link)

    @router.post("/{id}/invitation")
    async def invite_again(
        request: Request, scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Make an invitation anew, and show the link once."""
        given = await forms.texts(request)
        async with db.transaction(parts.database, scope) as connection:
            made = await actions.make_link(connection, scope, id, "invitation", clock.now())
            link = _link(parts, given, made)
            return await _page(request, scope, connection, home, _FIRST, "", link)

    @router.post("/{id}/link")
    async def sign_in_link(
        request: Request, scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Make a link that signs in, and show it once."""
        given = await forms.texts(request)
        async with db.transaction(parts.database, scope) as connection:
            made = await actions.make_link(connection, scope, id, "sign_in", clock.now())
            link = _link(parts, given, made)
            return await _page(request, scope, connection, home, _FIRST, "", link)

    _add_switches(router, home, manager)
    return router


def _add_switches(router: APIRouter, home: Home, manager: Any) -> None:
    """Add what ends somebody's access and gives it back."""

    @router.get("/{id}/disable")
    async def ask_disable(
        request: Request, scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Ask before somebody is stopped."""
        async with db.transaction(parts.database, scope) as connection:
            user = await actions.get(connection, scope, id)
        return asking.page(request, scope, of_disabling(user.email, home.path))

    @router.post("/{id}/disable")
    async def disable(
        scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Stop somebody at once."""
        async with db.transaction(parts.database, scope) as connection:
            user = await actions.disable(connection, scope, id, clock.now())
        return frame.go(
            home.path, f"{user.email} is signed out everywhere and cannot sign in any more."
        )

    @router.post("/{id}/sign-out")
    async def sign_out(
        scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """End every session of somebody."""
        async with db.transaction(parts.database, scope) as connection:
            user, ended = await actions.sign_out(connection, scope, id, clock.now())
        return frame.go(home.path, said_of_sign_out(user.email, ended))

    @router.post("/{id}/enable")
    async def enable(
        scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Let somebody sign in again."""
        async with db.transaction(parts.database, scope) as connection:
            user = await actions.enable(connection, scope, id, clock.now())
        return frame.go(home.path, f"{user.email} may sign in again, with the password they had.")


partners = _router(PARTNER, PARTNER_OWNER)
clients = _router(CLIENT, CLIENT_ADMIN)


def of_disabling(email: str, back: str) -> Question:
    """Return what is asked before somebody is stopped."""
    return Question(
        title=f"Disable {email}",
        final="Their sessions, links and tokens end at once, for good.",
        then="They cannot sign in any more until somebody enables them again; what they did stays "
        "in the audit log.",
        verb="Disable",
        back=back,
    )


def said_of_sign_out(email: str, ended: int) -> str:
    """Say what signing somebody out has done, and what they can do next."""
    if not ended:
        return f"{email} was signed in nowhere: nothing has ended."
    sessions = words.plural(ended, "session")
    return f"{email} is signed out everywhere ({sessions} ended) and may sign in again."


async def _invite(connection: Connection, scope: _Manager, given: dict[str, str]) -> Link:
    said = {"email": given.get("email", "").strip(), "role": given.get("role", "")}
    body: NewPartnerUser | NewClientUser
    if isinstance(scope, PartnerScope):
        body = forms.checked(NewPartnerUser, said)
    else:
        body = forms.checked(NewClientUser, said)
    return await actions.invite(
        connection,
        scope,
        email=body.email,
        role=body.role,
        partner_id=scope.partner_id if isinstance(scope, PartnerScope) else None,
        organization_id=scope.organization_id if isinstance(scope, ClientScope) else None,
        now=clock.now(),
    )


def _link(parts: Runtime, given: dict[str, str], made: Link) -> NewLink:
    return NewLink(
        email=given.get("email", "").strip(),
        url=rules.link_url(parts.settings.reached_at, made.kind, made.token),
        invites=made.kind == "invitation",
        expires_at=made.expires_at,
    )


async def _page(
    request: Request,
    scope: _Manager,
    connection: Connection,
    home: Home,
    page: pages.Page,
    text: str,
    link: NewLink | None = None,
) -> Response:
    listed = await queries.listing(connection, scope, page, text=filters.text(text))
    return frame.page(
        request,
        scope,
        "people.html",
        home=home,
        people=listed.items,
        myself=scope.actor_id,
        # A list that was answered after a form was posted goes on at its own address.
        following=listed.next and frame.address(home.path, text=text, next=listed.next),
        chosen={"text": text},
        link=link,
    )
