"""Lets people in, for both doors: what one request spends, proves and gets as its cookie."""

import datetime as dt

from fastapi import Request, Response

from flywheel_server.accounts.actions import sessions as actions
from flywheel_server.accounts.actions.sessions import Device, Opened
from flywheel_server.accounts.views.sign_in import (
    Credentials,
    GivenLink,
    Invited,
    SessionView,
    WantedLink,
)
from flywheel_server.core import clock, db
from flywheel_server.core.scope import (
    AuthScope,
    ClientScope,
    PartnerScope,
    PersonScope,
    Session,
    role_of,
)
from flywheel_server.web import credentials, limits
from flywheel_server.web.runtime import Runtime

SCOPE = AuthScope()


async def by_password(
    request: Request, response: Response, parts: Runtime, body: Credentials
) -> SessionView:
    """Open a session with a password. Raises Unauthenticated and TooManyRequests."""
    limits.spend_email(request.scope, "password", body.email)
    opened = await parts.sign_in.with_password(
        body.email, body.password, _device(request), clock.now()
    )
    return _welcome(request, response, opened)


async def by_invitation(
    request: Request, response: Response, parts: Runtime, body: Invited
) -> SessionView:
    """Set one's password and open a session. Raises Unauthenticated for a spent invitation."""
    opened = await parts.sign_in.accept_invitation(
        body.token, body.password, _device(request), clock.now()
    )
    return _welcome(request, response, opened)


async def by_link(
    request: Request, response: Response, parts: Runtime, body: GivenLink
) -> SessionView:
    """Open a session by a one-time link. Raises Unauthenticated for a spent one."""
    opened = await parts.sign_in.with_link(body.token, _device(request), clock.now())
    return _welcome(request, response, opened)


def ask_for_link(request: Request, parts: Runtime, body: WantedLink) -> None:
    """Have a sign-in link mailed. Raises TooManyRequests."""
    # Apart from passwords: wrong ones by others keep no one from a link.
    limits.spend_email(request.scope, "link", body.email)
    parts.mailed_links.ask(body.email, clock.now())


async def leave(request: Request, response: Response, session: Session, parts: Runtime) -> None:
    """End this session, at once."""
    async with db.transaction(parts.database, SCOPE) as connection:
        await actions.end(connection, session, session.id, clock.now())
    credentials.clear_session(request, response)


async def leave_everywhere(
    request: Request, response: Response, session: Session, parts: Runtime
) -> int:
    """End all of one's sessions; return how many there were."""
    async with db.transaction(parts.database, SCOPE) as connection:
        ended = await actions.end_all(connection, session, clock.now())
    credentials.clear_session(request, response)
    return ended


def session_view(scope: PersonScope, token: str, expires_at: dt.datetime) -> SessionView:
    """Return who is signed in, until when."""
    return SessionView(
        email=scope.actor_name,
        role=role_of(scope),
        partner_id=scope.partner_id if isinstance(scope, PartnerScope) else None,
        organization_id=scope.organization_id if isinstance(scope, ClientScope) else None,
        expires_at=expires_at,
        csrf_token=credentials.csrf_token(token),
    )


def _device(request: Request) -> Device:
    return Device(
        address=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", ""),
    )


def _welcome(request: Request, response: Response, opened: Opened) -> SessionView:
    seconds = int((opened.expires_at - clock.now()).total_seconds())
    credentials.set_session(request, response, opened.token, max(seconds, 0))
    return session_view(opened.user.scope, opened.token, opened.expires_at)
