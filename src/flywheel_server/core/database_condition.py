"""What is wrong with the database at present, as this process sees it; logged when it changes.

Every connection that is made or fails, and every write that is refused, is noted here, so that one
line in the log tells of it however many tasks meet it, and `/ready` and `/metrics` say the same.
"""

import time

from flywheel_server.core import database_refusals, errors, log

_log = log.get(__name__)

# A full disk that took one write may refuse the next: it counts as full for so long after the last.
_FULL_SECONDS = 10.0


class Condition:
    """Two troubles: no connection can be had, or writes are refused. Each a sentence or None."""

    def __init__(self) -> None:
        self.lost: str | None = None
        self.unwritable: str | None = None
        self._refused_at = float("-inf")

    def told(self, error: Exception) -> bool:
        """Say whether ``error`` comes of a trouble that stands, which the log tells of already."""
        stands = self.lost is not None or self.unwritable is not None
        return stands and isinstance(error, (*database_refusals.LOST, errors.DatabaseUnavailable))

    def cannot_connect(self, why: str) -> None:
        """Note that no connection can be had."""
        if self.lost is None:
            _log.error("the database cannot be used", reason=why)
        self.lost = why

    def connected(self) -> None:
        """Note that there is a connection."""
        if self.lost is not None:
            _log.info("the database can be used again")
        self.lost = None

    def cannot_write(self, why: str) -> None:
        """Note that writes are refused."""
        self._refused_at = time.monotonic()
        if self.unwritable != why:
            _log.error("the database takes no writes", reason=why)
        self.unwritable = why

    def can_write(self) -> None:
        """Note that the database takes writes."""
        if self.unwritable is not None:
            _log.info("the database takes writes again")
        self.unwritable = None

    def may_still_be_full(self) -> bool:
        """Say whether a full disk was met so lately that the next write may meet it again."""
        full = self.unwritable == database_refusals.DISK_FULL
        return full and time.monotonic() - self._refused_at < _FULL_SECONDS
