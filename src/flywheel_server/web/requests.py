"""The layer every request passes first: request id, bounded body, gzip, metrics, the last resort.

Plain ASGI, for a ``BaseHTTPMiddleware`` would halve the speed of every route behind it.
"""

import asyncio
import random
import string
import time
import zlib
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flywheel_server.core import errors, log
from flywheel_server.core.metrics import Metrics
from flywheel_server.web import admission, incoming, problems
from flywheel_server.web.incoming import Incoming

_log = log.get(__name__)

MOST_BYTES = incoming.MOST_BYTES
# The same: what does not compress is as large as it is plain, and the inflated size is bounded.
MOST_GZIP_BYTES = MOST_BYTES
_MOST_GZIP_MEMBERS = 64
NO_STORE = (b"cache-control", b"no-store")
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")
_ID_LENGTH = 64
_ID_BYTES = 16
_FIT = frozenset((string.ascii_letters + string.digits + "-_.").encode())
_LONGEST_LENGTH = 18
# Any word may stand for a method on the wire, but not each may become a label of a metric.
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class RequestLayer:
    """Wraps the application; ``metrics`` comes with the runtime once the lifespan has started."""

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(self._app, scope, receive, send, https=self._https).run()


class _Exchange:
    def __init__(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, https: bool
    ) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = dict(scope["headers"])
        self._id = request_id(self._headers.get(b"x-request-id"))
        self._https = https
        self._status = 0
        self._started = time.perf_counter()
        encoding = self._headers.get(b"content-encoding", b"").strip().lower()
        self._encoding = b"gzip" if encoding == b"x-gzip" else encoding
        self._body: Incoming = scope.get(admission.BODY) or Incoming(receive)
        self._given = False
        self._inner: Scope = {**scope, admission.BODY: self._body}
        # Routes know no HEAD: it is answered as GET is, without the body.
        self._bodiless = scope["method"] == "HEAD"
        if self._bodiless:
            self._inner["method"] = "GET"

    async def run(self) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=self._id)
        try:
            _refuse_nul(self._scope)
            self._check_declared()
            await self._app(self._inner, self._replay, self._answer)
        except errors.FlywheelError as error:
            await self._refuse(error)
        except asyncio.CancelledError as error:
            # The server ends and has waited long enough; any other cancellation is not ours.
            if self._status or "shutdown" not in str(error):
                raise
            await self._refuse(errors.Unavailable("The server is ending: send it again."))
        except Exception as error:
            # The last resort: nobody expected this, so it is logged whole and told as nothing.
            if self._status:
                raise
            _log.exception("request failed", path=self._scope["path"], kind=type(error).__name__)
            await self._refuse(_Unexpected(f"Report the request id {self._id} to the operator."))
        finally:
            self._body.close()
            self._count()

    def _check_declared(self) -> None:
        """Refuse what the head alone says is too much, or packed in a way that is not read."""
        if self._encoding not in {b"", b"identity", b"gzip"}:
            raise errors.UnsupportedEncoding("Send the body plain or with Content-Encoding: gzip.")
        self._check_length(MOST_GZIP_BYTES if self._encoding == b"gzip" else MOST_BYTES)

    def _check_length(self, most: int) -> None:
        length = self._headers.get(b"content-length", b"")
        # A number of thousands of digits is refused before Python refuses to read it.
        if length.isdigit() and (len(length) > _LONGEST_LENGTH or int(length) > most):
            raise errors.TooLarge(_too_large(most))

    async def _replay(self) -> Message:
        """Give a route the whole body, plain, then what the client really sends."""
        if self._given:
            return await self._body.message()
        self._given = True
        return {"type": "http.request", "body": await self._plain(), "more_body": False}

    async def _plain(self) -> bytes:
        body = self._body
        self._check_length(body.most)
        await body.read(body.most)
        gzip = self._encoding == b"gzip"
        most = min(body.most, MOST_GZIP_BYTES) if gzip else body.most
        if not body.whole or len(body.data) > most:
            raise errors.TooLarge(_too_large(most))
        if not gzip:
            return bytes(body.data)
        plain = _inflate(bytes(body.data), body.most)
        body.count(len(plain))
        return plain

    async def _answer(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message.get("headers", ()))
            # Keys, tokens and links are in answers of many routes: what is not said to be kept is
            # kept by nobody.
            if all(name.lower() != b"cache-control" for name, _ in headers):
                headers.append(NO_STORE)
            if self._https:
                headers.append(HTTPS_ONLY)
            message["headers"] = [*headers, (b"x-request-id", self._id.encode())]
        elif self._bodiless:
            message["body"] = b""
        await self._send(message)

    async def _refuse(self, error: errors.FlywheelError) -> None:
        await problems.response(error, self._inner)(self._inner, self._receive, self._answer)

    def _count(self) -> None:
        route = self._inner.get("route")
        template = getattr(route, "path", "(none)")
        seconds = time.perf_counter() - self._started
        method = self._scope["method"] if self._scope["method"] in _METHODS else "(other)"
        runtime = (
            getattr(self._inner["app"].state, "runtime", None) if "app" in self._inner else None
        )
        metrics: Metrics | None = runtime.metrics if runtime else None
        if metrics is not None:
            metrics.answers.count(method, template, self._status, seconds)
        # Asked first: a line that nobody reads would cost more than many an answer.
        if log.debugging():
            _log.debug(
                "request answered",
                method=method,
                route=template,
                status=self._status,
                seconds=round(seconds, 6),
            )


class _Unexpected(errors.FlywheelError):
    """Something went wrong on our side."""

    status = 500
    code = "unexpected"


def request_id(given: bytes | None) -> str:
    """Return the id that the client gave, if it is fit for logs, else a new one."""
    if given and len(given) <= _ID_LENGTH and _FIT.issuperset(given):
        return given.decode("ascii")
    return random.randbytes(_ID_BYTES).hex()  # noqa: S311 - tells requests apart, no secret


def _refuse_nul(scope: MutableMapping[str, Any]) -> None:
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        raise errors.Malformed("The address holds a NUL byte: remove it.")


def _too_large(most: int) -> str:
    return f"The body is over {most // 1024} KiB: send it in smaller parts."


def _inflate(body: bytes, most: int) -> bytes:
    """Return what one or several gzip members hold. Raises Malformed and TooLarge."""
    plain, rest = bytearray(), body
    # Each member copies what stands behind it.
    for _ in range(_MOST_GZIP_MEMBERS):
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            plain += inflater.decompress(rest, most + 1 - len(plain))
        except zlib.error as error:
            raise errors.Malformed("The gzip data is damaged: compress the body again.") from error
        if len(plain) > most:
            raise errors.TooLarge(_too_large(most))
        if not inflater.eof:
            raise errors.Malformed("The gzip data is cut short: compress the body again.")
        rest = inflater.unused_data
        if not rest:
            return bytes(plain)
    raise errors.TooLarge(f"The body has more than {_MOST_GZIP_MEMBERS} gzip members: use one.")
