"""One connection of the server program, with bounds on what a request's head takes and how long.

The one rule: the parser is fed so little at a time that whatever it gathers stays small, and is
asked after each piece whether it got on. It copies a header's value each time a piece of it comes,
so one without an end would stop the process.
"""

import functools
import re
from typing import Any

import httptools
import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from flywheel_server.core import errors
from flywheel_server.web import limits, problems
from flywheel_server.web.connections import Watch

MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
# Seconds for a head, from its first byte or from the beginning of the connection; for what is left
# of a body when the answer has gone; between two requests; and for a client to read on.
HEAD_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 75
_REST_SECONDS = 10.0
_READ_SECONDS = 60.0
_REFUSED_SECONDS = 2.0
_UNBOUNDED = 1_000_000
# Beyond this a body that nobody wants is not read past any more.
_MOST_UNWANTED_BYTES = 16 * 1024 * 1024
# How much of a body waits in the server program until the application asks for it.
_BODY_BYTES = 16 * 1024
_OF_UPGRADES = frozenset({b"upgrade", b"http2-settings"})
_HOST = re.compile(rb"[A-Za-z0-9._~-]{1,255}(:[0-9]{0,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{0,5})?")
_HOSTS = "Send exactly one header `Host`, with a host name and, where needed, a port."
_SLOW = "The head of the request took too long to arrive: send it again."


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: Any = None,
        *,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._watch = watch or Watch(_UNBOUNDED)
        self.address = ""
        # Since when it waits for the client, and since when for the rest of a head.
        self._since: float | None = None
        self._head_since: float | None = None
        # The scope of the newest message whose head is whole, and whether its body is.
        self._begun: object = None
        self._whole = True
        # Bytes that came since the parser last got on, and of the piece that it is given.
        self._fed = self._piece = 0
        self._upgraded = self._refused = False
        # What came of a body after its answer, or after a refusal.
        self._unwanted = 0
        # How much the client has left unread, and since when it reads nothing.
        self._unread = (0, 0.0)

    def connection_made(self, transport: Any) -> None:  # noqa: D102
        super().connection_made(transport)
        self.address = limits.address({"client": self.client})
        self._since = self.loop.time()
        self._watch.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        self._watch.closed(self)
        super().connection_lost(exc)

    # What the watch asks.

    def waits_since(self) -> float | None:
        """Return since when the connection has waited for its client, or None while it works."""
        return self._since

    def overdue(self, now: float) -> bool:
        """Say whether the client has taken too long to send, or to read."""
        return self._sends_too_slowly(now) or self._reads_nothing(now)

    def cut(self) -> None:
        """Close the connection at once; who sent part of a head is told why."""
        if self._in_head() and not self._refused and not self._answering():
            self._refuse(errors.TooSlow(_SLOW))
        else:
            self.transport.abort()

    def _sends_too_slowly(self, now: float) -> bool:
        if self._head_since is not None:
            return now - self._head_since > HEAD_SECONDS
        # A body that its request waits for has its own time (`web/incoming.py`).
        if self._since is None or (self._answering() and not self._refused):
            return False
        if self._refused:
            most = _REFUSED_SECONDS
        elif not self._whole:
            most = _REST_SECONDS
        else:
            most = HEAD_SECONDS if self.cycle is None else KEEP_ALIVE_SECONDS
        return now - self._since > most

    def _reads_nothing(self, now: float) -> bool:
        size = self.transport.get_write_buffer_size()
        before, since = self._unread
        if size == 0 or size < before or since == 0:
            self._unread = (size, now if size else 0.0)
            return False
        return now - since > _READ_SECONDS

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _in_head(self) -> bool:
        return self.scope is not self._begun

    # What comes.

    def data_received(self, data: bytes) -> None:  # noqa: D102
        if len(data) <= MOST_HEAD_BYTES:
            self._feed(data)
            return
        rest = memoryview(data)
        while rest:
            self._feed(rest[:MOST_HEAD_BYTES])
            rest = rest[MOST_HEAD_BYTES:]

    def _feed(self, piece: bytes | memoryview) -> None:
        size = self._piece = len(piece)
        if self._refused or self.parser is None:
            self._drop(size)
            return
        self._fed += size
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._feed_without_upgrade(piece[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(errors.Malformed("This is not an HTTP request that can be read."))
            return
        if self._fed or not self._whole or self.scope is not self._begun:
            self._look()

    def _look(self) -> None:
        """See how far the parser has got with what is not whole yet."""
        if self._refused:
            return
        if self._in_head():
            if self._head_since is None:
                self._head_since = self.loop.time()
        elif not self._whole and self._since is None:
            self._since = self.loop.time()
        if self._fed > MOST_HEAD_BYTES or len(self.headers or ()) > MOST_HEADERS:
            self._refuse(_too_large())

    def _feed_without_upgrade(self, rest: bytes | memoryview) -> None:
        """Read a request that asks for another protocol as one that does not.

        The parser takes what follows such a head for the other protocol, and so would lose a body.
        """
        self._upgraded = False
        if self._refused:
            return
        method = self.parser.get_method()
        version = self.parser.get_http_version().encode()
        head = [method, b" ", self.url, b" HTTP/", version, b"\r\n"]
        for name, value in self.headers:
            if name == b"connection":
                value = _without_tokens(value)  # noqa: PLW2901 - the same header, shortened
            if name not in _OF_UPGRADES:
                head += [name, b": ", value, b"\r\n"]
        head.append(b"\r\n")
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._feed(b"".join(head))
        if rest:
            self._feed(rest)

    def _drop(self, size: int) -> None:
        """Read past what nobody wants, so that the client can read its answer; to an end."""
        self._unwanted += size
        if self._unwanted > _MOST_UNWANTED_BYTES:
            self.transport.abort()

    # What the parser finds.

    def on_headers_complete(self) -> None:  # noqa: D102
        self._begun = self.scope
        self._head_since = self._since = None
        self._whole = False
        if self._refused:
            return
        self._unwanted = 0
        fault = self._fault()
        self._fed = 0
        if fault is not None:
            self._refuse(fault)
            return
        if self.parser.should_upgrade():
            self._upgraded = True
            return
        super().on_headers_complete()
        # What comes as trailers is no part of the head.
        self.headers = []

    def on_body(self, body: bytes) -> None:  # noqa: D102
        self._fed = 0
        if self._refused:
            return
        if self.cycle.response_complete:
            self._drop(len(body))
            return
        super().on_body(body)
        if len(self.cycle.body) > _BODY_BYTES:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:  # noqa: D102
        self._fed = 0
        self._whole = True
        if self._refused or self._upgraded or self.cycle.response_complete:
            return
        self._since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with what waits, or wait for the client: the watch, not a timer, ends that."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self._since = self.loop.time()

    # What is refused.

    def _fault(self) -> errors.FlywheelError | None:
        """Return what is wrong with a whole head, or None."""
        headers = self.headers
        if len(headers) > MOST_HEADERS:
            return _too_large()
        # Only where it could be: what came with the end of another message was not counted.
        if self._fed + self._piece > MOST_HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in headers)
            if size > MOST_HEAD_BYTES:
                return _too_large()
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) == 1 and _is_host(hosts[0]) and not self.parser.should_upgrade():
            return None
        if self.parser.get_method() == b"CONNECT":
            return errors.Malformed("This server is no proxy: it does not connect to others.")
        if not hosts and self.parser.get_http_version() == "1.0":
            return None
        one = len(hosts) == 1 and _is_host(hosts[0])
        return None if one else errors.Malformed(_HOSTS)

    def _refuse(self, error: errors.FlywheelError) -> None:
        """Answer that a request is not read any further, and close when the client has read it."""
        self._refused = True
        if self._answering():
            # Another answer is under way, or the application still waits for this body.
            self.transport.abort()
            return
        body = msgspec.json.encode(problems.document(error))
        head = [
            STATUS_LINE[error.status],
            b"content-type: ",
            problems.MEDIA_TYPE.encode(),
            b"\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body),
        ]
        self.transport.write(b"".join(head) + body)
        # Closed at once, what the client still sends would take the answer from it.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._since, self._head_since = self.loop.time(), None
        self._unwanted = 0


def _too_large() -> errors.HeadTooLarge:
    return errors.HeadTooLarge(
        f"Send at most {MOST_HEADERS} headers and {MOST_HEAD_BYTES // 1024} KiB before the body."
    )


def _without_tokens(value: bytes) -> bytes:
    tokens = [token.strip() for token in value.split(b",")]
    kept = [token for token in tokens if token.lower() not in _OF_UPGRADES]
    return b", ".join(kept) or b"keep-alive"


@functools.lru_cache(maxsize=1_024)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value.strip()) is not None
