"""One's own account: sessions, and the password."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts import entering
from flywheel_server.accounts.actions import sessions as actions
from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.queries import sessions as queries
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.accounts.views.sign_in import NewPassword
from flywheel_server.core import clock, db, people as rules
from flywheel_server.web.access import RuntimeDep, SignedIn
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/account", include_in_schema=False)

_HERE = "/account"


@router.get("")
async def account_page(
    request: Request,
    session: SignedIn,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """Show one's sessions and the form for another password."""
    async with db.transaction(parts.database, entering.SCOPE) as connection:
        listed = await queries.listing(
            connection,
            session,
            page,
            text=filters.text(text),
            now=clock.now(),
            idle=parts.sessions.idle,
        )
    return frame.page(
        request,
        session.scope,
        "account.html",
        sessions=listed.items,
        following=filters.following(request, listed.next),
        chosen={"text": text},
        shortest=rules.SHORTEST_PASSWORD,
    )


@router.post("/sessions/{id}/end")
async def end_session(session: SignedIn, parts: RuntimeDep, id: PathId) -> Response:
    """End one of one's sessions."""
    async with db.transaction(parts.database, entering.SCOPE) as connection:
        await actions.end(connection, session, id, clock.now())
    return frame.go(_HERE, "The session has ended.")


@router.post("/sessions/end")
async def end_all_sessions(request: Request, session: SignedIn, parts: RuntimeDep) -> Response:
    """Sign out everywhere, here too."""
    answer = frame.go("/sign-in", "You have signed out everywhere.")
    await entering.leave_everywhere(request, answer, session, parts)
    return answer


@router.post("/password")
async def change_password(request: Request, session: SignedIn, parts: RuntimeDep) -> Response:
    """Replace one's password; one's other sessions end."""
    given = await forms.texts(request)
    if rules.composed(given.get("new", "")) != rules.composed(given.get("again", "")):
        raise forms.wrong("again", "The two new passwords differ: type the same one twice.")
    body = forms.checked(
        NewPassword, {"current": given.get("current", ""), "new": given.get("new", "")}
    )
    await parts.sign_in.change_password(session, body.current, body.new, clock.now())
    return frame.go(_HERE, "Your password is changed, and your other sessions have ended.")
