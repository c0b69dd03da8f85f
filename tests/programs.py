"""Runs `flywheel-server` as a user would: a program of its own, with an environment and signals."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def environment(**settings: object) -> dict[str, str]:
    """Return this environment with settings, named without their prefix, in lower case."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLYWHEEL_")}
    return kept | {f"FLYWHEEL_{name.upper()}": str(value) for name, value in settings.items()}


async def run(*arguments: str, **settings: object) -> tuple[int, str]:
    """Run a command to its end; return its exit code and everything it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "flywheel_server",
        *arguments,
        env=environment(**settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


class Server:
    """A `flywheel-server serve` of its own."""

    def __init__(self, process: asyncio.subprocess.Process, base_url: str, log: Path) -> None:
        self.process = process
        self.base_url = base_url
        self.log = log

    def send(self, signal_number: signal.Signals) -> None:
        self.process.send_signal(signal_number)

    async def kill(self) -> None:
        """End it as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@contextlib.asynccontextmanager
async def serving(folder: Path, **settings: object) -> AsyncIterator[Server]:
    """Start a server and wait until it answers; end it on exit, unless that was done already."""
    async with serving_as("flywheel_server", folder, settings) as server:
        yield server


@contextlib.asynccontextmanager
async def serving_as(
    module: str, folder: Path, settings: Mapping[str, object]
) -> AsyncIterator[Server]:
    """Start another module's server in the same way."""
    port = free_port()
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            "serve",
            env=environment(port=port, **settings),
            stdout=output,
            stderr=output,
        )
    server = Server(process, f"http://127.0.0.1:{port}", log)
    try:
        await _answers(server)
        yield server
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
            await process.wait()


async def _answers(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.base_url, timeout=5) as client:
        while server.process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/health")).status_code == 200:
                    return
            await asyncio.sleep(0.02)
    raise AssertionError(f"the server ended: {server.log.read_text()[-2000:]}")
