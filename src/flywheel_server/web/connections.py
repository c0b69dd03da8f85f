"""The connections of one process: how many there may be, and which of them have waited too long.

The one rule: whoever keeps others from connecting goes first. Beyond the limit the connections that
have waited longest for their client are closed, of the address that has the most of them.
"""

import asyncio
import resource
from collections import Counter
from typing import Protocol

from flywheel_server.core import log

_log = log.get(__name__)

# Seconds between two looks at all connections.
_EVERY = 1.0
# Open files that are not connections of clients: the database's, the log's, modules'.
RESERVED_FILES = 200
_LEAST = 64
# How many go at once when there are too many, so that looking for them is seldom.
_SHARE = 20


class Connection(Protocol):
    """What is watched of a connection."""

    @property
    def address(self) -> str:
        """From where it came."""

    def waits_since(self) -> float | None:
        """Return since when it has waited for its client, or None while it works for it."""

    def overdue(self, now: float) -> bool:
        """Say whether its client has taken too long."""

    def cut(self) -> None:
        """Close it at once."""


class Watch:
    """Counts the connections of one server, and closes those that are overdue or too many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: set[Connection] = set()
        self._by_address: Counter[str] = Counter()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = 0
        self._told_at = float("-inf")

    def opened(self, connection: Connection) -> None:
        """Take a new connection in; where there are too many, others go."""
        self._open.add(connection)
        self._by_address[connection.address] += 1
        if len(self._open) > self.most:
            self._make_room(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_EVERY, self._look)

    def closed(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        if connection not in self._open:
            return
        self._open.discard(connection)
        self._by_address[connection.address] -= 1
        if self._by_address[connection.address] <= 0:
            del self._by_address[connection.address]

    def _look(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [each for each in self._open if each.overdue(now)]:
            connection.cut()
        if self._open:
            self._sweep = loop.call_later(_EVERY, self._look)

    def _make_room(self, newest: Connection) -> None:
        (address, held), *_ = self._by_address.most_common(1)
        idle = sorted(
            (since, id(each), each)
            for each in self._open
            if each.address == address and each is not newest
            if (since := each.waits_since()) is not None
        )
        going = [each for *_, each in idle[: max(1, held // _SHARE)]] or [newest]
        for each in going:
            self.closed(each)
            each.cut()
        self._closed += len(going)
        now = asyncio.get_running_loop().time()
        # One line a minute: a flood of connections is no reason for a flood of lines.
        if now - self._told_at >= 60:  # noqa: PLR2004 - seconds in a minute
            _log.warning(
                "too many connections: those that waited longest are closed",
                limit=self.most,
                address=address,
                of_address=held,
                closed=self._closed,
            )
            self._told_at, self._closed = now, 0


def limit(wanted: int) -> int:
    """Raise the limit of open files as far as it goes; return how many connections fit.

    Warns where fewer fit than are wanted.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        highest = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
        soft = highest
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    fits = max(_LEAST, soft - RESERVED_FILES)
    _log.warning(
        "fewer connections than wanted: raise the limit of open files (ulimit -n, LimitNOFILE=)",
        open_files=soft,
        wanted=wanted,
        connections=fits,
    )
    return fits
