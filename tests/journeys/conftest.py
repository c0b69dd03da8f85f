"""A real server on a real socket, in the test's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from flywheel_server import serving
from flywheel_server.core import embedded
from flywheel_server.core.settings import Settings


@contextlib.asynccontextmanager
async def listening(settings: Settings, url: str) -> AsyncIterator[str]:
    """Serve on a free port of this machine; yield the base address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(serving.config(settings, url))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def http(settings: Settings, address: embedded.Address) -> AsyncIterator[httpx.AsyncClient]:
    """Talk HTTP to a server of the test's own."""
    async with (
        listening(settings, address.app_url) as base_url,
        httpx.AsyncClient(base_url=base_url, timeout=30) as opened,
    ):
        yield opened
