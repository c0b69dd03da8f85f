"""One's own account: sessions, and the password."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.routes import auth
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.core import people as rules
from flywheel_server.core.scope import Session
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
    listed = await auth.list_sessions(session, parts, page, filters.text(text))
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
    return await forms.attempt(_HERE, _end(session, parts, id), "The session has ended.")


@router.post("/sessions/end")
async def end_all_sessions(request: Request, session: SignedIn, parts: RuntimeDep) -> Response:
    """Sign out everywhere, here too."""
    answer = frame.go("/sign-in", "You have signed out everywhere.")
    await auth.end_all_sessions(request, answer, session, parts)
    return answer


@router.post("/password")
async def change_password(request: Request, session: SignedIn, parts: RuntimeDep) -> Response:
    """Replace one's password; one's other sessions end."""
    given = await forms.texts(request)
    return await forms.attempt(
        _HERE,
        _change(session, parts, given),
        "Your password is changed, and your other sessions have ended.",
    )


async def _end(session: Session, parts: RuntimeDep, id: UUID) -> None:
    await auth.end_session(session, parts, id)


async def _change(session: Session, parts: RuntimeDep, given: dict[str, str]) -> None:
    if rules.composed(given.get("new", "")) != rules.composed(given.get("again", "")):
        raise forms.wrong("again", "The two new passwords differ: type the same one twice.")
    body = forms.checked(
        auth.NewPassword, {"current": given.get("current", ""), "new": given.get("new", "")}
    )
    await auth.change_password(session, parts, body)
