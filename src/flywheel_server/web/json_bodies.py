"""Reads the JSON of appliances: tolerant of encodings and numbers, bounded before objects exist.

The members of a body are counted on its bytes, in a few linear passes, before anything is
converted. Sound JSON is decoded by msgspec; only what it rejects is read again tolerantly: UTF-16,
UTF-32 and a byte order mark, NaN and infinities (null), raw control characters, bytes that are not
UTF-8 and lone surrogates (lone surrogates, which keys reject and free text replaces).
"""

import codecs
import json
import math
import re
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope

from flywheel_server.core import errors, free_text
from flywheel_server.web import requests

# A member is an item of an array or an object; a body of so many bytes cannot hold more of them.
MOST_MEMBERS = 100_000
_LONGEST_INTEGER = 20
# A text, closed or not (so that no search runs to the end twice), or a sign between values.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},:]', re.DOTALL)
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")


class JsonRoute(APIRoute):
    """Give it to a router as its ``route_class``: its bodies are read as this module says."""

    most_bytes: ClassVar = requests.MOST_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def read_tolerantly(request: Request) -> Response:
            return await answer(_Request(request.scope, request.receive, self.most_bytes))

        return read_tolerantly


class SmallJsonRoute(JsonRoute):
    """The same for what is small by its nature: one incident, one check-in, one request."""

    most_bytes = 1024 * 1024


class _Request(Request):
    def __init__(self, scope: Scope, receive: Receive, most_bytes: int) -> None:
        super().__init__(scope, receive)
        self._most_bytes = most_bytes

    async def json(self) -> Any:
        """Return the body's value. FastAPI answers 400 to a JSONDecodeError."""
        body = await self.body()
        if len(body) > self._most_bytes:
            raise errors.TooLarge(f"This body has at most {self._most_bytes // 1024} KiB.")
        return read(body)


def read(body: bytes) -> Any:
    """Return the value of a body. Raises JSONDecodeError, and TooLarge for too many members."""
    body = as_utf8(body)
    check_members(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return read_unsound(body)
    except RecursionError:
        # Only the field that is nested so deeply is lost.
        return {name: _or_too_deep(value) for name, value in fields(body).items()}


def _or_too_deep(source: bytes) -> Any:
    try:
        return read_unsound(source)
    except json.JSONDecodeError:
        return free_text.TOO_DEEP


def read_unsound(source: bytes) -> Any:
    """Read what a strict decoder rejects; the caller has counted its members."""
    # A byte that is not UTF-8 becomes a lone surrogate, so that no key takes it for a character.
    text = source.decode("utf-8", "surrogateescape")
    try:
        return _TOLERANT.decode(text)
    except RecursionError as error:
        raise json.JSONDecodeError("It is nested too deeply", "", 0) from error


def as_utf8(body: bytes) -> bytes:
    """Return a body as UTF-8 without a byte order mark. Raises JSONDecodeError for no text."""
    encoding = json.detect_encoding(body)
    if encoding == "utf-8":
        return body
    if encoding == "utf-8-sig":
        return body.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("It is not text", "", 0) from error


def parts(source: bytes, opening: bytes) -> list[bytes]:
    """Return the source of each member of an array or object, however deeply they are nested.

    Raises JSONDecodeError unless it opens so, is closed, and nothing stands behind it. The members
    are not checked.
    """
    source = source.strip()
    if not source.startswith(opening):
        raise json.JSONDecodeError("It is neither an array nor an object", "", 0)
    depth, start, found = 0, 1, []
    for token in _TOKEN.finditer(source):
        sign = source[token.start()]
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if depth == 0 or (depth == 1 and sign == ord(",")):
            found.append(source[start : token.start()].strip())
            start = token.end()
        if depth == 0:
            break
    if depth or start != len(source):
        raise json.JSONDecodeError("It is not whole", "", 0)
    return found if len(found) > 1 or found[0] else []


def fields(source: bytes) -> dict[str, bytes]:
    """Return the source of each field of an object; of two with one name, the last."""
    found = {}
    for part in parts(source, b"{"):
        name = _TOKEN.match(part)
        if name is None or not part.startswith(b'"'):
            raise json.JSONDecodeError("A field has no name", "", 0)
        _, _, value = part[name.end() :].partition(b":")
        found[str(read_unsound(name[0]))] = value.strip()
    return found


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


def _float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _integer(text: str) -> int | str:
    # Reading thousands of digits takes more than linear time.
    return int(text) if len(text) <= _LONGEST_INTEGER else text


_TOLERANT = json.JSONDecoder(
    strict=False, parse_constant=lambda _: None, parse_float=_float, parse_int=_integer
)
