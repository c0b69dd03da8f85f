"""Webhooks for tests: endpoints as their owners make them, and a receiver on a socket."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

from flywheel_server.core import clock, db
from flywheel_server.webhooks.actions import webhooks
from flywheel_server.webhooks.model.events import KINDS

# An address in the open internet that no test ever connects to.
NOWHERE = "https://1.1.1.1/hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An endpoint with its secret, and a delivery that waits."""

    id: UUID
    secret: str
    delivery_id: UUID


async def make_endpoint(
    database: db.Database,
    actor: webhooks.Actor,
    url: str = NOWHERE,
    kinds: list[str] | None = None,
) -> Made:
    """Make an endpoint of the actor's, with a test on its way."""
    async with db.transaction(database, actor) as connection:
        made, secret = await webhooks.create(
            connection,
            actor,
            url=url,
            label="tests",
            kinds=kinds or list(KINDS),
            now=clock.now(),
        )
        delivery = await webhooks.send_test(connection, actor, made.id, clock.now())
    return Made(id=made.id, secret=secret, delivery_id=delivery.id)


@dataclass(slots=True)
class Receiver:
    """Takes posts and answers as it is told to."""

    url: str
    status: int = 200
    location: str | None = None
    retry_after: str | None = None
    # Set: answers nothing to what comes until ``let_go`` is set.
    hangs: bool = False
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]

    def kinds(self) -> list[str]:
        return [body["type"] for body in self.bodies()]

    def verified(self, secret: str) -> list[Any]:
        """Return the bodies as the receiver's own library verifies and reads them."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.requests]


@contextlib.asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """Receive on 127.0.0.1, at a port of the system's choice unless one is given."""
    receiver = Receiver(url="")
    talking: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            talking.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _answer(receiver, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    host, bound = server.sockets[0].getsockname()[:2]
    receiver.url = f"http://{host}:{bound}/hook?team=a"
    try:
        yield receiver
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


async def _answer(
    receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers["content-length"]))
    receiver.requests.append((headers | {":path": head[0].split(" ")[1]}, body))
    receiver.arrived.set()
    if receiver.hangs:
        await receiver.let_go.wait()
    told = f"location: {receiver.location}\r\n" if receiver.location else ""
    if receiver.retry_after is not None:
        told += f"retry-after: {receiver.retry_after}\r\n"
    writer.write(f"HTTP/1.1 {receiver.status} Told\r\n{told}content-length: 0\r\n\r\n".encode())
    await writer.drain()
