"""A server of its own, a victim whose check-ins are timed, and what both may cost.

The bounds are ratios within one run: a slow machine makes the quiet figure slow, too.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from flywheel_server.core import embedded
from tests import programs
from tests.cast import Cast

# Generous: the attacks that this is about cost others many seconds, and gigabytes.
MOST_TIMES, MOST_MORE_SECONDS = 20.0, 0.5
MOST_MIB = 64
CHECK_INS = 40
_BODY = json.dumps({"hostname": "victim", "mac_address": "02:00:5e:10:00:77"}).encode()

Attack = Callable[["Scene"], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A server's process, and the key of a site whose check-ins are timed."""

    port: int
    pid: int
    key: str
    log: Path

    def memory_mib(self, name: str = "VmRSS") -> float:
        """Return the memory of the server's process, now or (VmHWM) at its most."""
        text = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(text.split(f"{name}:")[1].split()[0]) / 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The victim's slowest check-in but one, in seconds, and what the server's memory grew by."""

    quiet: float
    attacked: float
    grown_mib: float

    def check(self) -> None:
        """Hold that the victim hardly noticed."""
        assert self.attacked <= self.quiet * MOST_TIMES + MOST_MORE_SECONDS, self
        assert self.grown_mib < MOST_MIB, self


@contextlib.asynccontextmanager
async def scene(
    folder: Path, address: embedded.Address, cast: Cast, **settings: object
) -> AsyncIterator[Scene]:
    """Start a server on the test's database, which knows its victim."""
    given: dict[str, object] = {"database_url": address.app_url, "loop": "false"} | settings
    async with programs.serving(folder, **given) as server:
        opened = Scene(
            port=int(server.base_url.rpartition(":")[2]),
            pid=server.process.pid,
            key=cast.site.key,
            log=server.log,
        )
        await check_ins(opened, 5)
        yield opened


async def measure(opened: Scene, attack: Attack, count: int = CHECK_INS) -> Effect:
    """Time the victim alone, then beside the attack, which goes on for as long."""
    quiet = await check_ins(opened, count)
    before = opened.memory_mib()
    attacking = asyncio.create_task(attack(opened))
    # The attack has begun when the first of its connections have.
    await asyncio.sleep(0.2)
    try:
        attacked = await check_ins(opened, count)
    finally:
        attacking.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await attacking
    grown = opened.memory_mib("VmHWM") - before
    return Effect(quiet=_high(quiet), attacked=_high(attacked), grown_mib=grown)


async def check_ins(opened: Scene, count: int = CHECK_INS) -> list[float]:
    """Check in as often, each over a connection of its own; return the seconds that each took."""
    head = (
        "POST /api/appliances/checkin HTTP/1.1\r\nHost: server\r\nConnection: close\r\n"
        f"Authorization: Bearer {opened.key}\r\nContent-Length: {len(_BODY)}\r\n\r\n"
    )
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        answer = await ask(opened.port, head.encode() + _BODY)
        taken.append(time.perf_counter() - begun)
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
        await asyncio.sleep(0.01)
    return taken


async def ask(port: int, sent: bytes) -> bytes:
    """Send all at once; return what comes until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(30):
            writer.write(sent)
            return await reader.read()
    finally:
        await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def pour(port: int, head: bytes, piece: bytes, pause: float = 0.0) -> None:
    """Send a head, then pieces without an end, over one connection after the other."""
    while True:
        with contextlib.suppress(ConnectionError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head)
                while True:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
            finally:
                writer.transport.abort()
        await asyncio.sleep(0.02)


def _high(seconds: list[float]) -> float:
    return sorted(seconds)[-2]
