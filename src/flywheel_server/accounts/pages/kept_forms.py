"""What was typed when a session ended, kept in its browser until a mailed link signs in there.

A cookie for an hour, for the address alone that asked for the link; nothing is kept here.
"""

import base64
import binascii
import json
import zlib
from dataclasses import dataclass

from fastapi import Request, Response

from flywheel_server.core.people import LINK_LASTS

_COOKIE = "flywheel_kept"
_PATH = "/sign-in"
# Browsers drop a cookie of over 4,096 bytes with its name.
_MOST_BYTES = 3_900
_MOST_TEXT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A form as text, and the address of its page."""

    form: str
    address: str


def keep(request: Request, answer: Response, email: str, kept: Kept) -> bool:
    """Have the browser keep it; return whether it is short enough for that."""
    text = json.dumps([_whose(email), kept.address, kept.form])
    value = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()
    if len(value) > _MOST_BYTES:
        return False
    answer.set_cookie(
        _COOKIE,
        value,
        max_age=int(LINK_LASTS.total_seconds()),
        path=_PATH,
        secure=request.url.scheme == "https"
        or request.app.state.runtime.settings.served_over_https,
        httponly=True,
        samesite="lax",
    )
    return True


def take(request: Request, answer: Response, email: str) -> Kept | None:
    """Return what was kept for this address, if anything was; the browser forgets it."""
    value = request.cookies.get(_COOKIE)
    if not value:
        return None
    answer.delete_cookie(_COOKIE, path=_PATH, httponly=True, samesite="lax")
    try:
        packed = base64.urlsafe_b64decode(value.encode())
        text = zlib.decompressobj().decompress(packed, _MOST_TEXT)
        whose, address, form = json.loads(text)
    except (binascii.Error, zlib.error, UnicodeError, ValueError, TypeError, RecursionError):
        # Not of our making: there is nothing to go on with.
        return None
    return Kept(form=str(form), address=str(address)) if whose == _whose(email) else None


def _whose(email: str) -> str:
    return email.strip().lower()
