"""Real server processes: started with an environment, awaited over HTTP, ended by a signal."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

COMMAND = (sys.executable, "-m", "flywheel_server")
_PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**settings: object) -> dict[str, str]:
    """Return this process's environment with these settings and no others of ours."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("FLYWHEEL_")}
    return plain | {f"FLYWHEEL_{name.upper()}": str(value) for name, value in settings.items()}


class Server:
    """One `flywheel-server serve`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = b""

    async def answers(self, path: str, status: int = 200) -> httpx.Response:
        """Ask until ``path`` answers ``status``."""
        deadline = time.monotonic() + _PATIENCE
        async with httpx.AsyncClient(base_url=self.url) as client:
            while True:
                assert self.process.returncode is None, await self._last_words()
                with contextlib.suppress(httpx.TransportError):
                    response = await client.get(path)
                    if response.status_code == status:
                        return response
                assert time.monotonic() < deadline, f"{path} never answered {status}"
                await asyncio.sleep(0.05)

    async def _last_words(self) -> str:
        await self.ended()
        return self.log.decode()[-3_000:]

    async def ended(self) -> int:
        """Wait for the end; return the exit code and keep the log."""
        _, self.log = await asyncio.wait_for(self.process.communicate(), _PATIENCE)
        assert self.process.returncode is not None
        return self.process.returncode

    async def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; return the exit code and the seconds that the end took."""
        begun = time.monotonic()
        self.process.send_signal(with_signal)
        code = await self.ended()
        return code, time.monotonic() - begun


@contextlib.asynccontextmanager
async def serve(
    command: tuple[str, ...] = COMMAND, cwd: Path | None = None, **settings: object
) -> AsyncIterator[Server]:
    """Start a server; end it on exit if the test has not."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *command,
        "serve",
        cwd=cwd,
        env=environment(port=port, **settings),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    server = Server(process, port)
    try:
        yield server
    finally:
        if process.returncode is None:
            await server.stop()


async def run(*arguments: str, command: tuple[str, ...] = COMMAND, **settings: object) -> str:
    """Run a command to its end; return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        *arguments,
        env=environment(**settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), _PATIENCE)
    assert process.returncode == 0, err.decode()
    return out.decode()
