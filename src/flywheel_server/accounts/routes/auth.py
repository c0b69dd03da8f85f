"""Signing in and out, one's own sessions and password: for people, by session.

Signing in answers the same, in the same time, whether the account exists or not.
"""

from fastapi import APIRouter, Depends, Request, Response

from flywheel_server.accounts import entering
from flywheel_server.accounts.actions import sessions as actions
from flywheel_server.accounts.queries import sessions as queries
from flywheel_server.accounts.views.bodies import PathId, Search
from flywheel_server.accounts.views.sign_in import (
    Accepted,
    Credentials,
    Ended,
    GivenLink,
    Invited,
    ListedSession,
    NewPassword,
    SessionView,
    WantedLink,
)
from flywheel_server.core import clock, db
from flywheel_server.web import credentials, keysets as pages, traffic
from flywheel_server.web.access import PUBLIC, RuntimeDep, SignedIn

router = APIRouter(prefix="/api/auth", tags=["people: signing in"])

_SIGN_IN = [Depends(traffic.SIGN_IN)]
_STRANGERS = [*PUBLIC, *_SIGN_IN, Depends(credentials.refuse_other_sites)]


@router.post("/sign-in", dependencies=_STRANGERS)
async def sign_in(
    request: Request, response: Response, parts: RuntimeDep, body: Credentials
) -> SessionView:
    """Open a session with a password; the cookie carries it."""
    return await entering.by_password(request, response, parts, body)


@router.post("/accept-invitation", dependencies=_STRANGERS)
async def accept_invitation(
    request: Request, response: Response, parts: RuntimeDep, body: Invited
) -> SessionView:
    """Set one's password by an invitation, which works once; other sessions end."""
    return await entering.by_invitation(request, response, parts, body)


@router.post("/links", status_code=202, dependencies=_STRANGERS)
async def ask_for_link(request: Request, parts: RuntimeDep, body: WantedLink) -> Accepted:
    """Have a sign-in link mailed, where the server can mail. The answer is always the same."""
    entering.ask_for_link(request, parts, body)
    return Accepted(status="accepted")


@router.post("/links/redeem", dependencies=_STRANGERS)
async def redeem_link(
    request: Request, response: Response, parts: RuntimeDep, body: GivenLink
) -> SessionView:
    """Open a session by a one-time link, which works once and for 60 minutes."""
    return await entering.by_link(request, response, parts, body)


@router.post("/sign-out", status_code=204)
async def sign_out(
    request: Request, response: Response, session: SignedIn, parts: RuntimeDep
) -> None:
    """End this session, at once."""
    await entering.leave(request, response, session, parts)


@router.get("/session")
async def who_am_i(request: Request, session: SignedIn) -> SessionView:
    """Tell who is signed in, and the token that changes need."""
    token = credentials.session_token(request) or ""
    return entering.session_view(session.scope, token, session.expires_at)


@router.get("/sessions")
async def list_sessions(
    session: SignedIn, parts: RuntimeDep, page: pages.PageDep, text: Search = None
) -> pages.Listing[ListedSession]:
    """List one's live sessions, the newest first; search in their browsers and addresses."""
    async with db.transaction(parts.database, entering.SCOPE) as connection:
        return await queries.listing(
            connection, session, page, text=text, now=clock.now(), idle=parts.sessions.idle
        )


@router.delete("/sessions/{id}", status_code=204)
async def end_session(session: SignedIn, parts: RuntimeDep, id: PathId) -> None:
    """End one of one's sessions: here at once, everywhere within 5 s."""
    async with db.transaction(parts.database, entering.SCOPE) as connection:
        await actions.end(connection, session, id, clock.now())


@router.delete("/sessions")
async def end_all_sessions(
    request: Request, response: Response, session: SignedIn, parts: RuntimeDep
) -> Ended:
    """Sign out everywhere, here too."""
    return Ended(ended=await entering.leave_everywhere(request, response, session, parts))


@router.post("/password", status_code=204, dependencies=_SIGN_IN)
async def change_password(session: SignedIn, parts: RuntimeDep, body: NewPassword) -> None:
    """Replace one's own password; one's other sessions end."""
    await parts.sign_in.change_password(session, body.current, body.new, clock.now())
