"""A large fleet as pure load: every appliance asks when it is due, however slow the answers are.

Times are counted from the moment a request was due, so that a server which falls behind cannot
hide it. Only ever against a server on this machine.
"""

import asyncio
import contextlib
import heapq
import json
import random
import statistics
import time
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from flywheel_server.core import errors

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TELEMETRY_SHARE = 0.1
_ANSWER_SECONDS = 30.0
_LONGEST_RETRY = 60.0
_SHED = HTTPStatus.SERVICE_UNAVAILABLE
# What counts as served as always.
_NORMAL_SECONDS = 0.1
_NORMAL_SLOW = 0.01
_NORMAL_IN_A_ROW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteKey:
    """A site's wire name and one of its keys."""

    site_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How large the fleet is, how often each of it asks, and for how long."""

    appliances: int
    interval: float
    seconds: float
    # Over how long the first requests are spread; much less than the interval is a storm.
    spread: float
    connections: int = 256


@dataclass(slots=True)
class Figures:
    """What became of one kind of request."""

    # How long each took, and in which second since the beginning it was answered.
    times: "array[float]" = field(default_factory=lambda: array("d"))
    seconds: "array[int]" = field(default_factory=lambda: array("l"))
    answered: int = 0
    shed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    # The seconds in which any was shed or failed.
    troubled: set[int] = field(default_factory=set)

    def summary(self) -> dict[str, object]:
        """Return the figures by name; times in milliseconds from when a request was due."""
        cuts = statistics.quantiles(self.times, n=1000) if len(self.times) > 1 else [0.0] * 999
        return {
            "answered": self.answered,
            "shed": self.shed,
            "errors": self.faults.total(),
            "faults": dict(self.faults),
            "p50_ms": round(1000 * cuts[499], 2),
            "p99_ms": round(1000 * cuts[989], 2),
            "p999_ms": round(1000 * cuts[998], 2),
            "longest_ms": round(1000 * max(self.times, default=0.0), 2),
        }


def normal_after(kinds: Sequence[Figures], length: int) -> int | None:
    """Return after how many seconds a fleet is served as always, or None within ``length``.

    Then none is shed, none fails and 99 of 100 are answered within 0.1 s, five seconds in a row.
    """
    times: dict[int, list[float]] = {second: [] for second in range(length)}
    for figures in kinds:
        for second, seconds in zip(figures.seconds, figures.times, strict=True):
            times.setdefault(second, []).append(seconds)
    good = 0
    for second in range(length):
        slow = sum(each > _NORMAL_SECONDS for each in times[second])
        troubled = any(second in figures.troubled for figures in kinds)
        good = 0 if troubled or slow > len(times[second]) * _NORMAL_SLOW else good + 1
        if good == _NORMAL_IN_A_ROW:
            return second + 1 - good
    return None


async def run(
    url: str, sites: Sequence[SiteKey], load: Load, tell: Callable[[str], None]
) -> dict[str, object]:
    """Make the load; return its figures. Raises SetupError for a server that is elsewhere."""
    host, port = _loopback(url)
    if not sites:
        raise errors.SetupError("the keys file names no site: give it at least one")
    fleet = _Fleet(host, port, sites, load)
    workers = [asyncio.create_task(fleet.work()) for _ in range(load.connections)]
    telling = asyncio.create_task(fleet.tell(tell))
    try:
        await fleet.schedule()
    finally:
        for task in (telling, *workers):
            task.cancel()
        await asyncio.gather(telling, *workers, return_exceptions=True)
    return {
        "appliances": load.appliances,
        "interval": load.interval,
        "seconds": load.seconds,
        # Due, and not answered when time was up.
        "waiting": fleet.waiting,
        "normal_after_seconds": normal_after(list(fleet.figures.values()), int(load.seconds)),
        "kinds": {kind: figures.summary() for kind, figures in fleet.figures.items()},
    }


def read_keys(text: str) -> list[SiteKey]:
    """Read ``[{"site_id": …, "key": …}, …]``. Raises SetupError for anything else."""
    try:
        rows: list[dict[str, object]] = json.loads(text)
        return [SiteKey(site_id=str(row["site_id"]), key=str(row["key"])) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise errors.SetupError(
            'the keys file cannot be read: write [{"site_id": "…", "key": "…"}, …] into it'
        ) from error


def check_in_body(site_id: str, number: int, rank: int) -> bytes:
    """Return what the appliance of this rank says at the site of this number, always the same."""
    return json.dumps(
        {
            "site_id": site_id,
            "hostname": f"{site_id}-appliance-{rank}",
            "mac_address": (
                f"02:00:{number >> 8 & 255:02x}:{number & 255:02x}:{rank >> 8:02x}:{rank & 255:02x}"
            ),
            "ip_addresses": [f"192.0.2.{rank % 256}"],
            "uptime_seconds": 944,
            "agent_version": "0.1.0",
            "nixos_version": "12",
            "has_local_credentials": False,
            "agent_public_key": f"{number:032x}{rank:032x}",
        }
    ).encode()


class _Request(NamedTuple):
    """What is due, and when; ``again`` for what was due before and came to nothing."""

    due: float
    kind: str
    number: int
    again: bool = False


class _Fleet:
    def __init__(self, host: str, port: int, sites: Sequence[SiteKey], load: Load) -> None:
        self._host, self._port = host, port
        self._sites = sites
        self._load = load
        self._chance = random.Random(load.appliances)  # noqa: S311 - spreads load, no secret
        self._etags: dict[str, str] = {}
        self._executions = 0
        self._began = 0.0
        self._queue: asyncio.Queue[_Request] = asyncio.Queue()
        self._due: list[_Request] = []
        self.figures = {kind: Figures() for kind in ("check-in", "sync", "telemetry")}

    async def schedule(self) -> None:
        """Hand every request out when it is due, and plan the appliance's next."""
        begin = self._began = time.monotonic()
        for number in range(self._load.appliances):
            due = begin + self._chance.random() * self._load.spread
            self._due.append(_Request(due, "check-in", number))
        heapq.heapify(self._due)
        end = begin + self._load.seconds
        while (now := time.monotonic()) < end:
            while self._due and self._due[0].due <= now:
                request = heapq.heappop(self._due)
                self._queue.put_nowait(request)
                if request.kind == "check-in" and not request.again:
                    self._plan(request.due, request.number)
            pause = max(self._due[0].due - now, 0.001) if self._due else 0.05
            await asyncio.sleep(min(pause, 0.05))

    def _plan(self, due: float, number: int) -> None:
        following = due + self._load.interval * self._chance.uniform(0.9, 1.1)
        heapq.heappush(self._due, _Request(following, "check-in", number))
        heapq.heappush(self._due, _Request(due + self._chance.random(), "sync", number))
        if self._chance.random() < _TELEMETRY_SHARE:
            telemetry = _Request(due + self._chance.random(), "telemetry", number)
            heapq.heappush(self._due, telemetry)

    async def work(self) -> None:
        """Send what is due over one connection, for ever."""
        link = _Link(self._host, self._port)
        try:
            while True:
                await self._answer(link, await self._queue.get())
        finally:
            await link.close()

    @property
    def waiting(self) -> int:
        """How many requests are due and were not sent yet."""
        return self._queue.qsize()

    async def _answer(self, link: "_Link", request: _Request) -> None:
        figures = self.figures[request.kind]
        try:
            status, headers = await link.ask(self._request(request.kind, request.number))
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            self._failed(figures, type(error).__name__)
            await link.close()
            self._again(request, 1.0)
            return
        if status == _SHED:
            figures.shed += 1
            figures.troubled.add(self._second())
            self._again(request, float(headers.get("retry-after", "5")))
            return
        figures.times.append(time.monotonic() - request.due)
        figures.seconds.append(self._second())
        if status >= HTTPStatus.BAD_REQUEST:
            self._failed(figures, str(int(status)))
            return
        figures.answered += 1
        if request.kind == "sync" and "etag" in headers:
            self._etags[self._site(request.number).site_id] = headers["etag"]

    def _failed(self, figures: Figures, reason: str) -> None:
        figures.faults[reason] += 1
        figures.troubled.add(self._second())

    def _second(self) -> int:
        return int(time.monotonic() - self._began)

    async def tell(self, tell: Callable[[str], None]) -> None:
        """Print a line of figures every five seconds."""
        while True:
            await asyncio.sleep(5)
            words = [
                f"{kind} {figures.answered} (shed {figures.shed}, faults {figures.faults.total()})"
                for kind, figures in self.figures.items()
            ]
            tell(f"{', '.join(words)}; waiting {self._queue.qsize()}")

    def _again(self, request: _Request, seconds: float) -> None:
        """Send it once more, somewhat later, as agents do; what follows it is planned already."""
        pause = min(seconds, _LONGEST_RETRY) * self._chance.uniform(1.0, 2.0)
        again = request._replace(due=time.monotonic() + pause, again=True)
        heapq.heappush(self._due, again)

    def _site(self, number: int) -> SiteKey:
        return self._sites[number % len(self._sites)]

    def _request(self, kind: str, number: int) -> bytes:
        site = self._site(number)
        place, rank = number % len(self._sites), number // len(self._sites)
        extra = ""
        if kind == "sync":
            line, body = f"GET /agent/sync?site_id={site.site_id}", b""
            if (etag := self._etags.get(site.site_id)) is not None:
                extra = f"If-None-Match: {etag}\r\n"
        elif kind == "check-in":
            line, body = "POST /api/appliances/checkin", check_in_body(site.site_id, place, rank)
        else:
            self._executions += 1
            line, body = "POST /api/agent/executions", self._execution(site.site_id, rank)
        if body:
            extra += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        head = f"{line} HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer {site.key}\r\n{extra}\r\n"
        return head.encode() + body

    def _execution(self, site_id: str, rank: int) -> bytes:
        name = f"load-{rank}-{time.time_ns()}-{self._executions}"
        execution = {
            "execution_id": name,
            "incident_id": f"drift-{name}",
            "incident_type": "firewall_status",
            "runbook_id": "RB-WIN-SEC-001",
            "hostname": f"WS-{rank % 5}",
            "success": True,
            "resolution_level": "L2",
        }
        return json.dumps({"site_id": site_id, "execution": execution}).encode()


class _Link:
    """One connection that is kept, and opened again when it is lost."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, dict[str, str]]:
        """Send one request; return the status and the headers of its answer."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines if line)
            }
            await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            await self.close()
        return int(first.split(" ", 2)[1]), headers

    async def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _loopback(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise errors.SetupError(
            f"the fleet only makes load on this machine, and {url} is not on it: give --url as "
            "http://127.0.0.1:PORT"
        )
    return parts.hostname, parts.port or 80
