"""Runs the application under uvicorn: uvloop, httptools, and an end within ten seconds of a signal.

Signals belong to the command line, which cancels what runs; ``serve`` turns that into a quiet end:
no new connections, idle ones closed, open requests finished or cut, then caches and pools closed.
"""

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import Iterator
from functools import partial
from typing import cast

import uvicorn

from flywheel_server.app import create_app
from flywheel_server.core import errors, log
from flywheel_server.core.settings import EVERY_ADDRESS, Settings
from flywheel_server.edge.fast_protocol import FastProtocol
from flywheel_server.web import bounded_protocol, connections

_log = log.get(__name__)

# Open requests, then everything: what is left of ten seconds belongs to the embedded database.
_DRAIN_SECONDS = 4
_END_SECONDS = 7.0
_BACKLOG = 2048
_COLLECT_EVERY = 50_000


async def serve(settings: Settings, url: str) -> None:
    """Serve until cancelled. Raises SetupError when the address is taken or the start fails."""
    sockets = _listen(settings.host, settings.port)
    if settings.public_url is None and settings.host in EVERY_ADDRESS:
        _log.warning("links name localhost: set FLYWHEEL_PUBLIC_URL to where people reach this")
    server = _Server(config(settings, url))
    running = asyncio.create_task(server.serve(sockets=sockets), name="server")
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await _ended(running)
        # Being told to end is how serving ends: nothing above needs to know of the cancellation.
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
    finally:
        for listening in sockets:
            listening.close()
    _log.info("server ended")


def config(settings: Settings, url: str) -> uvicorn.Config:
    """Return how uvicorn should run the application."""
    watch = connections.Watch(connections.limit(settings.max_connections))
    return uvicorn.Config(
        create_app(settings, url).entrance,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        # uvicorn takes whatever makes a protocol.
        http=cast("type[asyncio.Protocol]", partial(FastProtocol, watch=watch)),
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        # The application reads them itself, where somebody needs them.
        proxy_headers=False,
        timeout_keep_alive=bounded_protocol.KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        backlog=_BACKLOG,
    )


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command line: the database must be stopped after the server."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as error:
            raise errors.SetupError(
                "the server could not start: the error logged above says why"
            ) from error
        # The garbage collector passes over all that the start made: it stays, and it is a lot.
        gc.collect()
        gc.freeze()
        # Requests make little that only it can find; looking seldom saves a tenth of their time.
        gc.set_threshold(_COLLECT_EVERY)
        for listening in sockets or []:
            host, port = listening.getsockname()[:2]
            address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            _log.info("server listens", address=address)


async def _ended(running: asyncio.Task[None]) -> None:
    """Wait for the server's own end, but no longer than it may take."""
    done, _ = await asyncio.wait({running}, timeout=_END_SECONDS)
    if not done:
        _log.error("server did not end in time and is cut off", seconds=_END_SECONDS)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    elif (error := running.exception()) is not None:
        raise error


def _listen(host: str, port: int) -> list[socket.socket]:
    """Bind every address that ``host`` stands for. Raises SetupError with the remedy."""
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        ):
            listening = socket.socket(family, kind, protocol)
            sockets.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections inherit it: a peer that is gone without a word is noticed.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind(address)
            listening.listen(_BACKLOG)
            listening.setblocking(False)
    except OSError as error:
        for listening in sockets:
            listening.close()
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise errors.SetupError(
            f"cannot listen on {host} port {port} ({reason}): choose another FLYWHEEL_HOST or "
            "FLYWHEEL_PORT, or stop what listens there"
        ) from error
    return sockets
