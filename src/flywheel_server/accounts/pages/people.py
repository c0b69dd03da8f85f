"""The people of a partner or of an organization, for those who manage them: the same page twice.

A new link is on the page that answers, and never again.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from flywheel_server.accounts.actions import people as actions
from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.routes import people
from flywheel_server.accounts.routes.people import (
    Invitation,
    NewClientUser,
    NewPartnerUser,
    SignInLink,
)
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.core import db
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
        return await _page(request, scope, parts, home, page, text)

    @router.post("")
    async def invite(
        request: Request, scope: Annotated[_Manager, manager], parts: RuntimeDep
    ) -> Response:
        """Invite somebody, and show the link once."""
        given = await forms.texts(request)
        invited = await _invite(scope, parts, given)
        link = NewLink(
            email=given.get("email", "").strip(),
            url=invited.invitation_link,
            invites=True,
            expires_at=invited.expires_at,
        )
        return await _page(request, scope, parts, home, _FIRST, "", link)

    @router.post("/{id}/invitation")
    async def invite_again(
        request: Request, scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Make an invitation anew, and show the link once."""
        given = await forms.texts(request)
        made = await people.renew_invitation(parts, scope, id)
        return await _page(request, scope, parts, home, _FIRST, "", _link(given, made))

    @router.post("/{id}/link")
    async def sign_in_link(
        request: Request, scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Make a link that signs in, and show it once."""
        given = await forms.texts(request)
        made = await people.make_link(parts, scope, id)
        return await _page(request, scope, parts, home, _FIRST, "", _link(given, made))

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
        return await forms.attempt(
            home.path,
            people.disable(parts, scope, id),
            lambda user: f"{user.email} is signed out everywhere and cannot sign in any more.",
        )

    @router.post("/{id}/sign-out")
    async def sign_out(
        scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """End every session of somebody."""
        return await forms.attempt(home.path, people.sign_out(parts, scope, id), said_of_sign_out)

    @router.post("/{id}/enable")
    async def enable(
        scope: Annotated[_Manager, manager], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Let somebody sign in again."""
        return await forms.attempt(
            home.path,
            people.enable(parts, scope, id),
            lambda user: f"{user.email} may sign in again, with the password they had.",
        )


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


def said_of_sign_out(done: people.SignedOut) -> str:
    """Say what signing somebody out has done, and what they can do next."""
    if not done.ended:
        return f"{done.email} was signed in nowhere: nothing has ended."
    sessions = words.plural(done.ended, "session")
    return f"{done.email} is signed out everywhere ({sessions} ended) and may sign in again."


async def _invite(scope: _Manager, parts: Runtime, given: dict[str, str]) -> Invitation:
    said = {"email": given.get("email", "").strip(), "role": given.get("role", "")}
    if isinstance(scope, PartnerScope):
        return await people.invite_partner_user(scope, parts, forms.checked(NewPartnerUser, said))
    return await people.invite_client_user(scope, parts, forms.checked(NewClientUser, said))


def _link(given: dict[str, str], made: Invitation | SignInLink) -> NewLink:
    invites = isinstance(made, Invitation)
    return NewLink(
        email=given.get("email", ""),
        url=made.invitation_link if isinstance(made, Invitation) else made.link,
        invites=invites,
        expires_at=made.expires_at,
    )


async def _page(
    request: Request,
    scope: _Manager,
    parts: Runtime,
    home: Home,
    page: pages.Page,
    text: str,
    link: NewLink | None = None,
) -> Response:
    listed = await people.list_people(parts, scope, page, text=filters.text(text))
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
