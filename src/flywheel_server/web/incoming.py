"""The body of one request, read within bounds of size, time and memory.

The one rule: what is held for requests whose bodies are not whole yet is counted in a ``Room``, and
one sender gets no more than a share of it, so slow or many senders do not take memory from others.
"""

import asyncio
from collections.abc import Hashable

from starlette.types import Message, Receive

from flywheel_server.core import errors

# What is read of anyone's body, and what it may inflate to, while the credential is not known.
STRANGER_BYTES = 64 * 1024
MOST_BYTES = 8 * 1024 * 1024
# A body has this long, and a second more for each of these bytes that have arrived.
SECONDS = 30.0
LEAST_RATE = 16 * 1024
# Bodies this small are not counted: they are gone before others arrive.
_UNCOUNTED = 4 * 1024
_MIB = 1024 * 1024


class Room:
    """The bytes that may be held for all bodies together, and for those of one sender."""

    def __init__(self, most: int, share: int) -> None:
        self._most = most
        self._share = share
        self._held: dict[Hashable, int] = {}
        self.total = 0

    def take(self, sender: Hashable, size: int) -> None:
        """Count ``size`` more bytes. Raises Busy where there is no room for them."""
        held = self._held.get(sender, 0) + size
        if held > self._share or self.total + size > self._most:
            raise errors.Busy("Too many bodies are on their way: send it again in a moment.")
        self._held[sender] = held
        self.total += size

    def give_back(self, sender: Hashable, size: int) -> None:
        """Forget ``size`` bytes that were counted."""
        self.total -= size
        held = self._held.pop(sender) - size
        if held:
            self._held[sender] = held


def rooms() -> tuple[Room, Room]:
    """Return the rooms of one process: for those who are known, and for strangers."""
    return Room(64 * _MIB, 16 * _MIB), Room(8 * _MIB, _MIB)


class Incoming:
    """One body; ``close`` gives back what it held."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._room: Room | None = None
        self._sender: Hashable = None
        self._counted = 0
        self._began: float | None = None
        self._failed: BaseException | None = None
        self.data = bytearray()
        self.whole = False
        # Whether it is of someone whose credential is known.
        self.known = False

    @property
    def most(self) -> int:
        """How large the body may be, as it is sent and inflated."""
        return MOST_BYTES if self.known else STRANGER_BYTES

    async def read(self, most: int) -> None:
        """Read until the body is whole or longer than ``most``.

        Raises Malformed when the client leaves, TooSlow, and Busy without room; again when asked
        again.
        """
        if self._failed is not None:
            raise self._failed
        try:
            while not self.whole and len(self.data) <= most:
                self._take(await self._next())
        except BaseException as error:
            self._failed = error
            raise

    async def message(self) -> Message:
        """Return what the client sends beyond the body."""
        if self._failed is not None:
            raise self._failed
        return await self._receive()

    def of(self, sender: Hashable, room: Room) -> None:
        """Count the body in ``room`` from now on. Raises Busy where there is no room for it."""
        self.close()
        self._room, self._sender = room, sender
        self.count(len(self.data))

    def count(self, size: int) -> None:
        """Count this many bytes for the body, at least. Raises Busy where there is no room."""
        if self._room is not None and size > max(self._counted, _UNCOUNTED):
            self._room.take(self._sender, size - self._counted)
            self._counted = size

    def close(self) -> None:
        """Give back what was counted."""
        if self._room is not None and self._counted:
            self._room.give_back(self._sender, self._counted)
            self._counted = 0

    async def _next(self) -> Message:
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        try:
            async with asyncio.timeout_at(self._began + SECONDS + len(self.data) / LEAST_RATE):
                return await self._receive()
        except TimeoutError as error:
            raise errors.TooSlow(
                f"The body did not arrive within {SECONDS:.0f} seconds, nor at "
                f"{LEAST_RATE // 1024} KiB a second: send it again over a better line."
            ) from error

    def _take(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            raise errors.Malformed("The connection ended before the body did: send it again.")
        # One growing buffer: a list of a million one-byte chunks would weigh many times its bytes.
        self.data += message.get("body", b"")
        self.whole = not message.get("more_body", False)
        self.count(len(self.data))
