"""The parts of the application that a test's client talks to.

What is written through its own database is known to its caches before the next request, as it is
for whatever that process changes itself.
"""

import asyncio
import uuid

import httpx
from fastapi import FastAPI

from flywheel_server.core import db, listener
from flywheel_server.web.runtime import Runtime
from tests.cast import STAGE


def app(client: httpx.AsyncClient) -> FastAPI:
    """Return the application behind a client of the ``client`` fixture."""
    transport = client._transport
    if not isinstance(transport, httpx.ASGITransport) or not isinstance(transport.app, FastAPI):
        raise TypeError("this client talks over a socket")
    return transport.app


def of(client: httpx.AsyncClient) -> Runtime:
    """Return the runtime behind a client of the ``client`` fixture."""
    runtime = app(client).state.runtime
    if not isinstance(runtime, Runtime):
        raise TypeError("the application has not started")
    return runtime


async def settle(client: httpx.AsyncClient) -> None:
    """Wait until every notification of what was committed so far has been heard.

    PostgreSQL delivers them in the order of the commits, so the last one tells of all. Our own come
    back, too, and make caches forget what they would have kept.
    """
    runtime = of(client)
    await heard(runtime.database, runtime.listener)


async def heard(database: db.Database, ear: listener.Listener) -> None:
    """Wait until this listener has told of all that was committed so far."""
    mark = f"site:{uuid.uuid4()}"
    told: list[str] = []
    came_back = asyncio.Event()

    def hear(_channel: str, payload: str) -> None:
        told.append(payload)
        if told.count(mark) > 1:
            came_back.set()

    database.subscribers.append(hear)
    async with asyncio.timeout(10):
        while not ear.trusted():
            await asyncio.sleep(0)
        async with db.transaction(database, STAGE) as connection:
            await db.announce(connection, listener.RULES, mark)
        await came_back.wait()
    database.subscribers.remove(hear)
