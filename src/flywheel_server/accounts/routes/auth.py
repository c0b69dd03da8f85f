"""Signing in and out, one's own sessions and password: for people, by session.

Signing in answers the same, in the same time, whether the account exists or not.
"""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from flywheel_server.accounts.actions import sessions as actions
from flywheel_server.accounts.actions.sessions import Device, Opened
from flywheel_server.accounts.store import sessions
from flywheel_server.accounts.views.bodies import NotBlank, OperatorBody, PathId, Search, View
from flywheel_server.core import clock, db, people as rules
from flywheel_server.core.scope import AuthScope, ClientScope, PartnerScope, PersonScope, role_of
from flywheel_server.web import bodies, credentials, keysets as pages, limits, traffic
from flywheel_server.web.access import PUBLIC, RuntimeDep, SignedIn

router = APIRouter(prefix="/api/auth", tags=["people: signing in"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_SCOPE = AuthScope()
_SIGN_IN = [Depends(traffic.SIGN_IN)]
_STRANGERS = [*PUBLIC, *_SIGN_IN, Depends(credentials.refuse_other_sites)]

Password = Annotated[
    bodies.Text, Field(min_length=1, max_length=rules.LONGEST_PASSWORD, repr=False)
]
Email = Annotated[NotBlank, Field(max_length=rules.LONGEST_EMAIL)]
Token = Annotated[NotBlank, Field(max_length=200, repr=False)]


class Credentials(OperatorBody):
    """What one signs in with."""

    email: Email = Field(description="One's e-mail address.", examples=["person@example.com"])
    password: Password = Field(description="One's password.", examples=["a long sentence of words"])


class Invited(OperatorBody):
    """An invitation and the password to set."""

    token: Token = Field(description="From the invitation's link.", examples=["2KgSFg4t8Qg"])
    password: Password = Field(
        description=f"The new password: at least {rules.SHORTEST_PASSWORD} characters.",
        examples=["a long sentence of words"],
    )


class WantedLink(OperatorBody):
    """Who wants a link."""

    email: Email = Field(description="One's e-mail address.", examples=["person@example.com"])


class GivenLink(OperatorBody):
    """A one-time link."""

    token: Token = Field(description="From the link.", examples=["2KgSFg4t8Qg"])


class NewPassword(OperatorBody):
    """A password to replace one's own."""

    current: Password = Field(description="The present one.", examples=["a long sentence of words"])
    new: Password = Field(
        description=f"The new one: at least {rules.SHORTEST_PASSWORD} characters.",
        examples=["another sentence of words"],
    )


class Accepted(View):
    """The request was taken; nothing is told about the account."""

    status: str = Field(description="always `accepted`", examples=["accepted"])


class SessionView(View):
    """Who one is, until when, and what must accompany changes."""

    email: str = Field(description="One's e-mail address.", examples=["person@example.com"])
    role: str = Field(description="What one is here.", examples=["partner technician"])
    partner_id: UUID | None = Field(description="One's partner, if any.", examples=[_UUID])
    organization_id: UUID | None = Field(description="One's organization, if any.", examples=[None])
    expires_at: dt.datetime = Field(description="When the session ends.", examples=[_TIME])
    csrf_token: str = Field(
        description="Send it with every change, as `X-CSRF-Token` or the form field `csrf_token`.",
        examples=["9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"],
    )


class ListedSession(View):
    """One of one's sessions."""

    id: UUID = Field(description="Its id, to end it by.", examples=[_UUID])
    address: str = Field(description="From where it was opened.", examples=["192.0.2.10"])
    user_agent: str = Field(description="With which browser.", examples=["Mozilla/5.0"])
    created_at: dt.datetime = Field(description="When it was opened.", examples=[_TIME])
    seen_at: dt.datetime = Field(description="Last used, to the minute.", examples=[_TIME])
    expires_at: dt.datetime = Field(description="When it ends at the latest.", examples=[_TIME])
    current: bool = Field(False, description="Whether it is this one.", examples=[True])


class Ended(View):
    """What signing out everywhere did."""

    ended: int = Field(description="Sessions that ended, this one too.", examples=[3])


@router.post("/sign-in", dependencies=_STRANGERS)
async def sign_in(
    request: Request, response: Response, parts: RuntimeDep, body: Credentials
) -> SessionView:
    """Open a session with a password; the cookie carries it."""
    limits.spend_email(request.scope, "password", body.email)
    opened = await parts.sign_in.with_password(
        body.email, body.password, _device(request), clock.now()
    )
    return _welcome(request, response, opened)


@router.post("/accept-invitation", dependencies=_STRANGERS)
async def accept_invitation(
    request: Request, response: Response, parts: RuntimeDep, body: Invited
) -> SessionView:
    """Set one's password by an invitation, which works once; other sessions end."""
    opened = await parts.sign_in.accept_invitation(
        body.token, body.password, _device(request), clock.now()
    )
    return _welcome(request, response, opened)


@router.post("/links", status_code=202, dependencies=_STRANGERS)
async def ask_for_link(request: Request, parts: RuntimeDep, body: WantedLink) -> Accepted:
    """Have a sign-in link mailed, where the server can mail. The answer is always the same."""
    # Apart from passwords: wrong ones by others keep no one from a link.
    limits.spend_email(request.scope, "link", body.email)
    parts.mailed_links.ask(body.email, clock.now())
    return Accepted(status="accepted")


@router.post("/links/redeem", dependencies=_STRANGERS)
async def redeem_link(
    request: Request, response: Response, parts: RuntimeDep, body: GivenLink
) -> SessionView:
    """Open a session by a one-time link, which works once and for 60 minutes."""
    opened = await parts.sign_in.with_link(body.token, _device(request), clock.now())
    return _welcome(request, response, opened)


@router.post("/sign-out", status_code=204)
async def sign_out(
    request: Request, response: Response, session: SignedIn, parts: RuntimeDep
) -> None:
    """End this session, at once."""
    async with db.transaction(parts.database, _SCOPE) as connection:
        await actions.end(connection, session, session.id, clock.now())
    credentials.clear_session(request, response)


@router.get("/session")
async def who_am_i(request: Request, session: SignedIn) -> SessionView:
    """Tell who is signed in, and the token that changes need."""
    token = credentials.session_token(request) or ""
    return _view(session.scope, token, session.expires_at)


@router.get("/sessions")
async def list_sessions(
    session: SignedIn, parts: RuntimeDep, page: pages.PageDep, text: Search = None
) -> pages.Listing[ListedSession]:
    """List one's live sessions, the newest first; search in their browsers and addresses."""
    now = clock.now()
    async with db.transaction(parts.database, _SCOPE) as connection:
        rows = await sessions.of_user(
            connection,
            session.user_id,
            now,
            now - parts.sessions.idle,
            text=text,
            after=page.after(UUID),
            limit=page.limit + 1,
        )

    def view(row: sessions.Listed) -> ListedSession:
        current = {"current": row.id == session.id}
        return ListedSession.model_validate(row).model_copy(update=current)

    return pages.listing(rows, page, lambda row: (row.id,), view)


@router.delete("/sessions/{id}", status_code=204)
async def end_session(session: SignedIn, parts: RuntimeDep, id: PathId) -> None:
    """End one of one's sessions: here at once, everywhere within 5 s."""
    async with db.transaction(parts.database, _SCOPE) as connection:
        await actions.end(connection, session, id, clock.now())


@router.delete("/sessions")
async def end_all_sessions(
    request: Request, response: Response, session: SignedIn, parts: RuntimeDep
) -> Ended:
    """Sign out everywhere, here too."""
    async with db.transaction(parts.database, _SCOPE) as connection:
        ended = await actions.end_all(connection, session, clock.now())
    credentials.clear_session(request, response)
    return Ended(ended=ended)


@router.post("/password", status_code=204, dependencies=_SIGN_IN)
async def change_password(session: SignedIn, parts: RuntimeDep, body: NewPassword) -> None:
    """Replace one's own password; one's other sessions end."""
    await parts.sign_in.change_password(session, body.current, body.new, clock.now())


def _device(request: Request) -> Device:
    return Device(
        address=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", ""),
    )


def _welcome(request: Request, response: Response, opened: Opened) -> SessionView:
    seconds = int((opened.expires_at - clock.now()).total_seconds())
    credentials.set_session(request, response, opened.token, max(seconds, 0))
    return _view(opened.user.scope, opened.token, opened.expires_at)


def _view(scope: PersonScope, token: str, expires_at: dt.datetime) -> SessionView:
    return SessionView(
        email=scope.actor_name,
        role=role_of(scope),
        partner_id=scope.partner_id if isinstance(scope, PartnerScope) else None,
        organization_id=scope.organization_id if isinstance(scope, ClientScope) else None,
        expires_at=expires_at,
        csrf_token=credentials.csrf_token(token),
    )
