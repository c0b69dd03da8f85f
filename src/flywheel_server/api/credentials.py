"""Whose request is this: a key (``Authorization: Bearer`` or ``X-API-Key``) or a session's cookie.

Two credentials in one request must agree, so that no proxy or browser adds one unnoticed.
"""

from starlette.requests import Request

from flywheel_server import errors
from flywheel_server.caches.credentials import KeyScope
from flywheel_server.domain.scope import ApplianceScope, PersonScope
from flywheel_server.runtime import Runtime

Caller = ApplianceScope | PersonScope

_LONGEST_KEY = 512
_ASK_FOR_KEY = "Send the header `Authorization: Bearer KEY`, or `X-API-Key: KEY`, with a valid key; or sign in."
_UNKNOWN = "The key is unknown or revoked: ask for a new one."
_DISAGREE = "The request carries two credentials that disagree: send only one of them."


async def caller(request: Request, parts: Runtime) -> Caller:
    """Return who is asking. Raises Unauthenticated when no credential, or more than one, tells."""
    return await _holder(key(request), parts)


async def _holder(key: bytes, parts: Runtime) -> KeyScope:
    scope = await parts.credentials.find(key)
    if scope is None:
        raise errors.Unauthenticated(_UNKNOWN)
    return scope


def key(request: Request) -> bytes:
    """Return the key of a request. Raises Unauthenticated when there is none, or more than one."""
    found = {_bearer(value) for value in request.headers.getlist("authorization")}
    found |= {_plain(value) for value in request.headers.getlist("x-api-key")}
    if not found:
        raise errors.Unauthenticated(_ASK_FOR_KEY)
    if len(found) > 1:
        raise errors.Unauthenticated(_DISAGREE)
    return found.pop()


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
