"""What was refused comes back on the page that it came from, with all that was typed.

One way for every form of everybody: the problem of a post is answered by its page, made as if it
were asked for, with the reason on it. Who has to sign in first goes on with it afterwards.
"""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from starlette import exceptions as starlette_exceptions
from starlette.datastructures import UploadFile
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from flywheel_server.core import errors
from flywheel_server.web import access, admission, credentials
from flywheel_server.web.pages import frame, layer, refilling, refusals
from flywheel_server.web.pages.refilling import Typed

_NAMED = re.compile(r"`([a-z_]+)`")
_SHOWN = 200
_SIGNED_IN = "You are signed in again. What you had typed is still here: look at it, and send it."
# What was found of the post: its route, and whose it was.
_OF_THE_POST = frozenset(
    {"path_params", "endpoint", "route", "router", admission.FOUND, access.LET_IN}
)
# What a page of the present answers with, and is no part of it.
_DROPPED = frozenset({b"content-length"})


class Again(Response):
    """A page in answer to a post that was refused, or that waited for its person to sign in."""

    def __init__(self, request: Request, problem: dict[str, object], otherwise: Response) -> None:
        """Keep what was refused; ``otherwise`` is what answers where its page cannot."""
        super().__init__(status_code=int(str(problem["status"])))
        self._request = request
        self._problem = problem
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the page that the form came from."""
        sent = await _sent(self._request)
        reasons = _reasons(self._problem, {name for name, _ in sent})
        path = self._request.url.path
        form = refilling.typed(path, sent, reasons)
        given = next((value for name, value in sent if name == "from"), "")
        page = Page(
            self._request,
            _own_page(given) or _nearest(self._request, path),
            form,
            frame.Notice(
                "trouble",
                str(self._problem.get("detail", "")) or "Try it again.",
                str(self._problem["type"]),
            ),
            status=self.status_code,
        )
        await page.answer(scope, receive, send, self._otherwise)


class Page:
    """A page of ours as it is now, with a form on it as it was typed."""

    def __init__(
        self,
        request: Request,
        address: str,
        form: Typed,
        notice: frame.Notice,
        *,
        status: int,
        cookie: bytes | None = None,
    ) -> None:
        """Take what the page is made of; ``cookie`` is the session of who has just signed in."""
        self._request = request
        self._address = address
        self._form = form
        self._notice = notice
        self._status = status
        self._cookie = cookie

    async def answer(self, scope: Scope, receive: Receive, send: Send, otherwise: Response) -> None:
        """Send it; where it cannot be shown, send the other answer with what was typed."""
        status, headers, body = await self._ask(scope)
        if status != _SHOWN:
            text = bytes(otherwise.body).decode()
            answer = Response(refilling.fill(text, self._form), otherwise.status_code)
            answer.raw_headers = _kept(otherwise.raw_headers, answer.raw_headers)
        else:
            answer = Response(refilling.fill(body.decode(), self._form), self._status)
            answer.raw_headers = _kept(headers, answer.raw_headers)
        await answer(scope, receive, send)

    async def _ask(self, scope: Scope) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Ask this application for the page, as its person's browser would."""
        path, _, query = self._address.partition("?")
        own = {"content-length", "content-type", "transfer-encoding"}
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name.decode("latin-1") not in own and not (self._cookie and name == b"cookie")
        ]
        if self._cookie:
            headers.append((b"cookie", self._cookie))
        asked = {
            **{name: value for name, value in scope.items() if name not in _OF_THE_POST},
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "state": {
                **scope.get("state", {}),
                "refused": self._notice,
            },
        }
        status, kept, body = 0, [], []

        async def collect(message: Message) -> None:
            nonlocal status, kept
            if message["type"] == "http.response.start":
                status, kept = message["status"], list(message.get("headers", []))
            else:
                body.append(message.get("body", b""))

        try:
            await self._request.app.router(asked, _no_body, collect)
        except (errors.FlywheelError, starlette_exceptions.HTTPException):  # noqa: TID251
            # There is no such page: what was refused is said without it.
            return 404, [], b""
        return status, kept, b"".join(body)


def again_after_sign_in(
    request: Request, kept: str, address: str, welcome: Response
) -> Response | None:
    """Return the page that was left with an ended session, as it was typed; None without one."""
    form = refilling.from_text(kept) if kept else None
    where = _own_page(address)
    if form is None or not where:
        return None
    cookies = [value for name, value in welcome.raw_headers if name == b"set-cookie"]
    session = b"; ".join(value.partition(b";")[0] for value in cookies)
    notice = frame.Notice("done", _SIGNED_IN)
    page = Page(request, where, form, notice, status=200, cookie=session)
    return _SignedIn(page, welcome)


class _SignedIn(Response):
    """The page that was left, with the cookie of the new session."""

    def __init__(self, page: Page, welcome: Response) -> None:
        super().__init__()
        self._page = page
        self._welcome = welcome

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cookies = [each for each in self._welcome.raw_headers if each[0] == b"set-cookie"]

        async def with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *cookies]
            await send(message)

        await self._page.answer(scope, receive, with_cookies, self._welcome)


class SignIn(Response):
    """The form to sign in, in answer to a post without a session: it keeps what was typed."""

    def __init__(self, request: Request) -> None:
        """Keep the post."""
        super().__init__(status_code=401)
        self._request = request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the form."""
        request = self._request
        sent = await _sent(request) if from_our_pages(request) else []
        given = next((value for name, value in sent if name == "from"), "")
        wanted = (_own_page(given) or _nearest(request, request.url.path)) if sent else ""
        kept = refilling.typed(request.url.path, sent).as_text() if sent else ""
        page = sign_in_page(request, wanted=wanted, kept=kept)
        # Whatever else the problem's answer says.
        known = {name for name, _ in page.raw_headers}
        page.raw_headers += [each for each in self.raw_headers if each[0] not in known]
        await page(scope, receive, send)


def sign_in_page(request: Request, *, wanted: str, kept: str) -> Response:
    """Return the form to sign in, which goes on where somebody wanted to go."""
    return frame.page(
        request,
        None,
        "sign_in.html",
        status=401,
        next=wanted,
        email="",
        kept=kept,
        keeps_cookies=credentials.keeps_cookies(request),
    )


def from_our_pages(request: Request) -> bool:
    """Say whether a post is one of our own pages', as far as its browser tells."""
    try:
        credentials.refuse_other_sites(request)
    except errors.NotFromOurPages:
        return False
    return True


async def _no_body() -> Message:
    return {"type": "http.disconnect"}


async def _sent(request: Request) -> list[tuple[str, str]]:
    try:
        form = await request.form()
    except (RuntimeError, starlette_exceptions.HTTPException):  # noqa: TID251
        # It was no form, or what reads it failed: that is what is being answered.
        return []
    return [
        (name, value) for name, value in form.multi_items() if not isinstance(value, UploadFile)
    ]


def _reasons(problem: Mapping[str, Any], names: set[str]) -> dict[str, str]:
    """Return what is wrong with each field: as the form was checked, or as a sentence names it."""
    fields = problem.get("fields")
    if isinstance(fields, dict):
        return {str(name): refusals.told(str(text)) for name, text in fields.items()}
    detail = str(problem.get("detail", ""))
    named = next((name for name in _NAMED.findall(detail) if name in names), None)
    return {named: refusals.told(detail)} if named else {}


def _own_page(address: str) -> str:
    """Return the address of one of our pages, or nothing for any other."""
    own = frame.own_path(address)
    return own if own.isascii() and layer.is_page(own.partition("?")[0]) else ""


def _nearest(request: Request, path: str) -> str:
    """Return the page at a path, or the nearest one above it."""
    while path.strip("/"):
        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            return path
        path = path.rpartition("/")[0]
    return "/"


def _kept(
    headers: list[tuple[bytes, bytes]], own: list[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    return [each for each in headers if each[0] not in _DROPPED] + [
        each for each in own if each[0] in _DROPPED
    ]
