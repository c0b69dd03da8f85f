"""Makes load: wrk where it is installed, else a client of our own; both send the same bytes.

Every connection asks again as soon as it has its answer, and requests go round in their order.
"""

import asyncio
import json
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from benchmarks.results import Sample

_SCRIPT = Path(__file__).parent / "load.lua"
_LAST_STATUS = 399


def client() -> str:
    """Say which client will make the load."""
    return "wrk" if shutil.which("wrk") else "the bundled client"


def request(
    method: str, path: str, key: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    """Return one HTTP request as it stands on the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: server", f"Authorization: Bearer {key}"]
    lines += [f"{name}: {text}" for name, text in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def steady(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, folder: Path
) -> Sample:
    """Send for so long; return answers a second."""
    if shutil.which("wrk") is None:
        return await _bundled(port, requests, connections, seconds=seconds)
    file = folder / "requests"
    await asyncio.to_thread(file.write_bytes, b"\0".join(requests))
    process = await asyncio.create_subprocess_exec(
        "wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:g}s",
        "--timeout", "10s", "--script", str(_SCRIPT), f"http://127.0.0.1:{port}", "--", str(file),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    found = json.loads(output.decode().rpartition("RESULT ")[2])
    if not found["requests"]:
        raise RuntimeError(f"no answers: {output.decode()}")
    return Sample(
        value=found["requests"] / found["seconds"],
        p50_ms=found["p50"] / 1000,
        p99_ms=found["p99"] / 1000,
        errors=found["errors"],
    )


async def once(port: int, requests: Sequence[bytes], connections: int) -> Sample:
    """Send each request once, by the bundled client; return answers a second."""
    return await _bundled(port, requests, connections)


async def _bundled(
    port: int, requests: Sequence[bytes], connections: int, seconds: float | None = None
) -> Sample:
    loop = asyncio.get_running_loop()
    run = _Run(requests, None if seconds is None else time.perf_counter() + seconds)
    began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port)
        for _ in range(connections)
    ]
    began = time.perf_counter()
    for _, protocol in opened:
        protocol.next()
    await asyncio.gather(*(protocol.ended for _, protocol in opened))
    took = time.perf_counter() - began
    for transport, _ in opened:
        transport.close()
    cuts = statistics.quantiles(run.times, n=100) if len(run.times) > 1 else [run.times[0]] * 99
    return Sample(
        value=len(run.times) / took,
        p50_ms=1000 * cuts[49],
        p99_ms=1000 * cuts[98],
        errors=run.errors,
    )


class _Run:
    def __init__(self, requests: Sequence[bytes], until: float | None) -> None:
        self.requests = requests
        self.until = until
        self.sent = 0
        self.errors = 0
        self.times: list[float] = []

    def take(self) -> bytes | None:
        """Return the next request, or None when there is none to send any more."""
        if self.until is None:
            if self.sent >= len(self.requests):
                return None
        elif time.perf_counter() >= self.until:
            return None
        self.sent += 1
        return self.requests[(self.sent - 1) % len(self.requests)]


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = bytearray()
        self._began = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of the kind, but do not say so.
        self._transport = cast("asyncio.Transport", transport)

    def next(self) -> None:
        wanted = self._run.take()
        if wanted is None:
            if not self.ended.done():
                self.ended.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.write(wanted)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lines = bytes(self._buffer[:head]).lower().split(b"\r\n")
        length = next((int(x[15:]) for x in lines if x.startswith(b"content-length:")), 0)
        if len(self._buffer) < head + 4 + length:
            return
        self._run.times.append(time.perf_counter() - self._began)
        self._run.errors += int(self._buffer[9:12]) > _LAST_STATUS
        self._buffer.clear()
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed a connection"))
