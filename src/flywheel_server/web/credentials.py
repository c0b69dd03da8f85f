"""Whose request is this, and may it change something: keys, session cookies, and CSRF.

The one rule: a cookie, which browsers send by themselves, needs the session's token beside it
before anything changes; a key (``Authorization: Bearer`` or ``X-API-Key``), which they never do,
needs none. Two credentials in one request must agree, so that none is added unnoticed.
"""

import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.datastructures import UploadFile

from flywheel_server.core import clock, errors
from flywheel_server.core.scope import ApplianceScope, PersonScope, Session
from flywheel_server.web.runtime import Runtime

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf_token"
SECURE_COOKIE = "__Host-flywheel_session"
PLAIN_COOKIE = "flywheel_session"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_LONGEST_KEY = 512
_ASK_FOR_KEY = (
    "Send the header `Authorization: Bearer KEY`, or `X-API-Key: KEY`, with a valid key; "
    "or sign in."
)
_UNKNOWN = "The key is unknown or revoked: ask for a new one."
_ENDED = "The session has ended: sign in again."
_DISAGREE = "The request carries two credentials that disagree: send only one of them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking, and by which session where it is by one."""

    scope: ApplianceScope | PersonScope
    session: Session | None = None


async def identify(request: Request, parts: Runtime) -> Caller:
    """Return whose credentials a request shows. Raises Unauthenticated.

    Nothing of its body is read: whether a change was meant is for ``prove_intent``.
    """
    key, token = _key(request), session_token(request)
    if key is None:
        if token is None:
            raise errors.Unauthenticated(_ASK_FOR_KEY)
        session = await _session(parts, token)
        return Caller(scope=session.scope, session=session)
    scope = await parts.credentials.find(key)
    if scope is None:
        raise errors.Unauthenticated(_UNKNOWN)
    if token is None:
        return Caller(scope=scope)
    session = await _session(parts, token)
    if session.scope != scope:
        raise errors.Unauthenticated(_DISAGREE)
    return Caller(scope=scope, session=session)


def remembered(request: Request, parts: Runtime) -> Caller | None:
    """Return whose credentials a request shows, where memory alone can tell."""
    key, token = _key(request), session_token(request)
    if key is not None and token is None:
        scope = parts.credentials.known(key)
        return None if scope is None else Caller(scope=scope)
    if key is None and token is not None:
        session = parts.sessions.known(token, clock.now())
        return None if session is None else Caller(scope=session.scope, session=session)
    return None


def shown(request: Request) -> bool:
    """Say whether a request shows a credential, right or wrong."""
    headers = request.headers
    return (
        "authorization" in headers or "x-api-key" in headers or session_token(request) is not None
    )


async def prove_intent(request: Request) -> None:
    """Hold that a change by a session's cookie alone was meant. Raises NotFromOurPages."""
    token = session_token(request)
    # No other site can add a key to a request: with one that agrees, the intent is proven.
    if token is None or request.method in _SAFE or _key(request) is not None:
        return
    refuse_other_sites(request)
    given = request.headers.get(CSRF_HEADER) or await _field(request)
    expected = csrf_token(token)
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode()):
        raise errors.NotFromOurPages(
            f"Send the header `{CSRF_HEADER.title()}` or the form field `{CSRF_FIELD}` with what "
            "GET /api/auth/session answers: it belongs to this session and ends with it."
        )


def csrf_token(session_token: str) -> str:
    """Return what must accompany a session's changes: bound to it, and no way back to it."""
    return hmac.digest(session_token.encode(), b"csrf", "sha256").hex()


def session_token(request: Request) -> str | None:
    """Return the session token of a request's cookie, if there is one."""
    if "cookie" not in request.headers:
        return None
    return request.cookies.get(_cookie_name(request)) or None


def set_session(request: Request, response: Response, token: str, seconds: int) -> None:
    """Have the browser keep a session."""
    name = _cookie_name(request)
    response.set_cookie(
        name,
        token,
        max_age=seconds,
        path="/",
        secure=name == SECURE_COOKIE,
        httponly=True,
        samesite="lax",
    )


def clear_session(request: Request, response: Response) -> None:
    """Have the browser forget the session."""
    name = _cookie_name(request)
    response.delete_cookie(
        name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="lax"
    )


def refuse_other_sites(request: Request) -> None:
    """Refuse what a browser says comes from another site's page. Raises NotFromOurPages."""
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        own = fetched in _OWN_SITE
    else:
        origin = request.headers.get("origin", "null")
        # Some browsers say "null" for our own pages too; the token decides about those.
        own = origin == "null" or urlsplit(origin).netloc in _own_hosts(request)
    if not own:
        raise errors.NotFromOurPages("This came from a page of another site: use our own pages.")


async def _session(parts: Runtime, token: str) -> Session:
    session = await parts.sessions.find(token, clock.now())
    if session is None:
        raise errors.Unauthenticated(_ENDED)
    return session


async def _field(request: Request) -> str:
    if not request.headers.get("content-type", "").startswith(_FORMS):
        return ""
    # Kept by the request: a route that wants the bytes, or the form, gets these.
    await request.body()
    value = (await request.form()).get(CSRF_FIELD, "")
    return "" if isinstance(value, UploadFile) else value


def _own_hosts(request: Request) -> set[str]:
    public = urlsplit(request.app.state.runtime.settings.reached_at).netloc
    return {request.headers.get("host", ""), public}


def _cookie_name(request: Request) -> str:
    """Return the cookie's name here: browsers keep `__Host-` for what only HTTPS sets and sends."""
    settings = request.app.state.runtime.settings
    if settings.insecure_cookies:
        return PLAIN_COOKIE
    # A proxy that forwards to this machine may not say how it was asked itself.
    if settings.served_over_https:
        return SECURE_COOKIE
    return PLAIN_COOKIE if _local(request) else SECURE_COOKIE


def keeps_cookies(request: Request) -> bool:
    """Say whether a browser keeps the session's cookie: not over plain HTTP from afar."""
    settings = request.app.state.runtime.settings
    return (
        settings.insecure_cookies
        or settings.served_over_https
        or request.url.scheme == "https"
        or _local(request)
    )


def _local(request: Request) -> bool:
    return request.url.scheme == "http" and request.url.hostname in _LOCAL


def _key(request: Request) -> bytes | None:
    """Return the key of a request, if any. Raises Unauthenticated for one that is none."""
    headers = request.headers
    found = {_bearer(value) for value in headers.getlist("authorization")}
    found |= {_plain(value) for value in headers.getlist("x-api-key")}
    if len(found) > 1:
        raise errors.Unauthenticated(_DISAGREE)
    return found.pop() if found else None


def _bearer(value: str) -> bytes:
    kind, _, text = value.partition(" ")
    if kind.lower() != "bearer":
        raise errors.Unauthenticated(_ASK_FOR_KEY)
    return _plain(text)


def _plain(value: str) -> bytes:
    text = value.strip()
    if not text or len(text) > _LONGEST_KEY:
        raise errors.Unauthenticated(_ASK_FOR_KEY)
    return text.encode("utf-8", "surrogateescape")
