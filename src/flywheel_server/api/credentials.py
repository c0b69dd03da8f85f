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

from flywheel_server import clock, errors
from flywheel_server.domain.scope import ApplianceScope, PersonScope
from flywheel_server.runtime import Runtime
from flywheel_server.store.sessions import Session

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


async def caller(request: Request, parts: Runtime) -> Caller:
    """Return who is asking. Raises Unauthenticated, or NotFromOurPages for a forged change."""
    key, token = _key(request), session_token(request)
    if key is None:
        if token is None:
            raise errors.Unauthenticated(_ASK_FOR_KEY)
        session = await _session(parts, token)
        if request.method not in _SAFE:
            await _prove_intent(request, token)
        return Caller(scope=session.scope, session=session)
    scope = await parts.credentials.find(key)
    if scope is None:
        raise errors.Unauthenticated(_UNKNOWN)
    if token is None:
        return Caller(scope=scope)
    # No other site can add a key to a request: with one that agrees, the intent is proven.
    session = await _session(parts, token)
    if session.scope != scope:
        raise errors.Unauthenticated(_DISAGREE)
    return Caller(scope=scope, session=session)


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


async def _prove_intent(request: Request, token: str) -> None:
    refuse_other_sites(request)
    given = request.headers.get(CSRF_HEADER) or await _field(request)
    expected = csrf_token(token)
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode()):
        raise errors.NotFromOurPages(
            f"Send the header `{CSRF_HEADER.title()}` or the form field `{CSRF_FIELD}` with what "
            "GET /api/auth/session answers: it belongs to this session and ends with it."
        )


async def _field(request: Request) -> str:
    if not request.headers.get("content-type", "").startswith(_FORMS):
        return ""
    # Parsed once: a route that wants the form gets this one, whether it or we ask first.
    value = (await request.form()).get(CSRF_FIELD, "")
    return "" if isinstance(value, UploadFile) else value


def _own_hosts(request: Request) -> set[str]:
    public = urlsplit(request.app.state.runtime.settings.reached_at).netloc
    return {request.headers.get("host", ""), public}


def _cookie_name(request: Request) -> str:
    """Return the cookie's name here: browsers keep `__Host-` for what only HTTPS sets and sends."""
    url = request.url
    local = url.scheme == "http" and url.hostname in _LOCAL
    if local or request.app.state.runtime.settings.insecure_cookies:
        return PLAIN_COOKIE
    return SECURE_COOKIE


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
