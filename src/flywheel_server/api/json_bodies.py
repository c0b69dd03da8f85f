"""Reads the JSON of appliances: tolerant of encodings and numbers, bounded before objects exist.

The members of a body are counted on its bytes, in a few linear passes, before anything is
converted. Sound JSON is decoded by msgspec; only what it rejects is read again tolerantly: UTF-16,
UTF-32 and a byte order mark, NaN and infinities (null), raw control characters, bytes that are not
UTF-8 and lone surrogates (lone surrogates, which keys reject and free text replaces).
"""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute

from flywheel_server import errors

# A member is an item of an array or an object; a body of so many bytes cannot hold more of them.
MOST_MEMBERS = 100_000
_LONGEST_INTEGER = 20


class JsonRoute(APIRoute):
    """Give it to a router as its ``route_class``: its bodies are read as this module says."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def read_tolerantly(request: Request) -> Response:
            return await answer(_Request(request.scope, request.receive))

        return read_tolerantly


class _Request(Request):
    async def json(self) -> Any:
        """Return the body's value. FastAPI answers 400 to a JSONDecodeError."""
        return read(await self.body())


def read(body: bytes) -> Any:
    """Return the value of a body. Raises JSONDecodeError, and TooLarge for too many members."""
    if not json.detect_encoding(body).startswith("utf-8"):
        body = _text(body).encode("utf-8", "surrogatepass")
    check_members(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_unsound(body)


def read_unsound(body: bytes) -> Any:
    """Read what a strict decoder rejects; the caller has counted its members."""
    text = _text(body)
    try:
        return json.loads(
            text,
            strict=False,
            parse_constant=lambda _: None,
            parse_float=_float,
            parse_int=_integer,
        )
    except RecursionError as error:
        raise json.JSONDecodeError("It is nested too deeply", "", 0) from error


def check_members(body: bytes, most: int = MOST_MEMBERS) -> None:
    """Raise TooLarge for a body of too many members; text counts nothing, whatever it holds."""
    if len(body) <= most:
        return
    # Without escapes, every second piece between quotes lies outside of texts.
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 4 * most:
        raise errors.TooLarge(_too_many(most))
    outside = b"".join(plain.split(b'"')[::2])
    if sum(outside.count(sign) for sign in (b",", b"[", b"{")) > most:
        raise errors.TooLarge(_too_many(most))


def _too_many(most: int) -> str:
    return f"The body holds more than {most} values: send it in smaller parts."


def _text(body: bytes) -> str:
    encoding = json.detect_encoding(body)
    # A byte that is not UTF-8 becomes a lone surrogate, so that no key takes it for a character.
    manner = "surrogateescape" if encoding.startswith("utf-8") else "surrogatepass"
    try:
        return body.decode(encoding, manner)
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("It is no text", "", 0) from error


def _float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _integer(text: str) -> int | str:
    # Reading thousands of digits takes more than linear time.
    return int(text) if len(text) <= _LONGEST_INTEGER else text
