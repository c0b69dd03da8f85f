"""Signing in and out: by password, by a one-time link, by an invitation.

A link is used by a click on its page, never by opening it: mail scanners open links.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from flywheel_server.accounts import entering
from flywheel_server.accounts.pages import kept_forms
from flywheel_server.accounts.store import one_time_links
from flywheel_server.accounts.views.sign_in import Credentials, GivenLink, Invited, WantedLink
from flywheel_server.core import clock, errors, people as rules
from flywheel_server.core.scope import role_of
from flywheel_server.web import credentials, limits, traffic
from flywheel_server.web.access import PUBLIC, RuntimeDep, SignedIn
from flywheel_server.web.pages import forms, frame, refused, viewers

router = APIRouter(include_in_schema=False)

_FORM = [*PUBLIC, Depends(traffic.SIGN_IN_FORMS)]
_STRANGERS = [
    *PUBLIC,
    Depends(traffic.SIGN_IN),
    Depends(credentials.refuse_other_sites),
]
_ON_ITS_WAY = (
    "If this address has an account and the server can send mail, a link is on its way. It works "
    "once, for an hour."
)
_KEPT = "Open it in this browser, and go on with what you had typed."
_TOO_LONG = (
    "What you had typed is too long to be kept until then: it is still in this page, for a "
    "sign-in with your password."
)
Token = Annotated[str, Query(max_length=200)]


@router.get("/")
async def start(session: SignedIn) -> Response:
    """Send people to where they start."""
    return frame.go(viewers.home(role_of(session.scope)))


@router.get("/sign-in", dependencies=_FORM)
async def sign_in_page(
    request: Request, next: Annotated[str, Query(max_length=2_000)] = ""
) -> Response:
    """Show the form to sign in."""
    return frame.page(
        request,
        None,
        "sign_in.html",
        next=frame.own_path(next),
        email="",
        kept="",
        keeps_cookies=credentials.keeps_cookies(request),
    )


@router.post("/sign-in", dependencies=_STRANGERS)
async def sign_in(request: Request, parts: RuntimeDep) -> Response:
    """Sign in by a password and go on to where one wanted to go."""
    given = await forms.texts(request)
    wanted, email = frame.own_path(given.get("next", "")), given.get("email", "")
    answer = Response()
    try:
        body = forms.checked(Credentials, {"email": email, "password": given.get("password", "")})
        session = await entering.by_password(request, answer, parts, body)
    except (errors.Unauthenticated, errors.InvalidInput, errors.TooManyRequests) as error:
        return frame.page(
            request,
            None,
            "sign_in.html",
            status=error.status,
            notice=frame.Notice("trouble", error.detail),
            next=wanted,
            email=email[: rules.LONGEST_EMAIL],
            keeps_cookies=credentials.keeps_cookies(request),
            kept=given.get("kept", ""),
        )
    onward = _welcome(answer, wanted or viewers.home(session.role))
    typed = refused.again_after_sign_in(request, given.get("kept", ""), wanted, onward)
    return typed or onward


@router.get("/sign-in/link", dependencies=_FORM)
async def link_page(request: Request, parts: RuntimeDep, token: Token = "") -> Response:
    """Show the form that asks for a link or, given one that works, the button that uses it."""
    whose = await _whose(request, parts, token, "sign_in")
    return frame.page(request, None, "link.html", token=token, whose=whose)


@router.post("/sign-in/link", dependencies=_STRANGERS)
async def use_link(request: Request, parts: RuntimeDep) -> Response:
    """Sign in by a link or, without one, have one mailed. Nothing is told about the account."""
    given = await forms.texts(request)
    answer = Response()
    if "token" not in given:
        return await _mail_link(request, parts, given)
    body = forms.checked(GivenLink, {"token": given["token"]})
    session = await entering.by_link(request, answer, parts, body)
    kept = kept_forms.take(request, answer, session.email)
    wanted = kept.address if kept else ""
    onward = _welcome(answer, frame.own_path(wanted) or viewers.home(session.role))
    typed = refused.again_after_sign_in(request, kept.form, wanted, onward) if kept else None
    return typed or onward


@router.get("/invitation", dependencies=_FORM)
async def invitation_page(request: Request, parts: RuntimeDep, token: Token = "") -> Response:
    """Show the form that sets a password, for an invitation that works."""
    return frame.page(
        request,
        None,
        "invitation.html",
        token=token,
        whose=await _whose(request, parts, token, "invitation"),
        shortest=rules.SHORTEST_PASSWORD,
    )


@router.post("/invitation", dependencies=_STRANGERS)
async def accept_invitation(request: Request, parts: RuntimeDep) -> Response:
    """Set one's password by an invitation, and sign in."""
    given = await forms.texts(request)
    answer = Response()
    _check_same(given.get("password", ""), given.get("again", ""))
    body = forms.checked(
        Invited, {"token": given.get("token", ""), "password": given.get("password", "")}
    )
    session = await entering.by_invitation(request, answer, parts, body)
    return _welcome(answer, viewers.home(session.role))


@router.post("/sign-out")
async def sign_out(request: Request, session: SignedIn, parts: RuntimeDep) -> Response:
    """End this session."""
    answer = frame.go("/sign-in", "You have signed out.")
    await entering.leave(request, answer, session, parts)
    return answer


async def _mail_link(request: Request, parts: RuntimeDep, given: dict[str, str]) -> Response:
    """Have a link mailed; what was typed when the session ended is kept for it."""
    email, address = given.get("email", ""), frame.own_path(given.get("next", ""))
    kept = kept_forms.Kept(form=given.get("kept", ""), address=address)
    notice = frame.Notice("done", _ON_ITS_WAY)
    status = 200
    try:
        wanted = forms.checked(WantedLink, {"email": email})
        entering.ask_for_link(request, parts, wanted)
    except (errors.InvalidInput, errors.TooManyRequests) as error:
        if not kept.form:
            raise
        notice, status = frame.Notice("trouble", error.detail), error.status
    if not kept.form:
        return frame.go("/sign-in", _ON_ITS_WAY)
    answer = Response()
    if notice.kind == "done":
        stays = kept_forms.keep(request, answer, email, kept)
        notice = frame.Notice("done", f"{_ON_ITS_WAY} {_KEPT if stays else _TOO_LONG}")
    page = frame.page(
        request,
        None,
        "sign_in.html",
        status=status,
        notice=notice,
        next=address,
        email=email[: rules.LONGEST_EMAIL],
        keeps_cookies=credentials.keeps_cookies(request),
        kept=kept.form,
    )
    page.raw_headers += [each for each in answer.raw_headers if each[0] == b"set-cookie"]
    return page


async def _whose(
    request: Request, parts: RuntimeDep, token: str, kind: one_time_links.Kind
) -> str | None:
    """Return whose link this is; None for none, and for one that was used or has expired."""
    if not token:
        return None
    limits.spend_address(request.scope)
    return await parts.sign_in.whose(token, kind, clock.now())


def _check_same(password: str, again: str) -> None:
    if password != again:
        raise forms.wrong("again", "The two passwords differ: type the same one twice.")


def _welcome(answer: Response, path: str) -> Response:
    """Go on with the cookie that signing in set."""
    onward = frame.go(path)
    for name, value in answer.raw_headers:
        if name == b"set-cookie":
            onward.raw_headers.append((name, value))
    return onward
