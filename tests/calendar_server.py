"""A calendar of the tests' own that speaks the OpenTimestamps calendar protocol over HTTP.

It answers a digest with a promise, and keeps it once ``mine`` put what it was given into a block.
The same server answers for block headers as an Esplora API does.
"""

import asyncio
import contextlib
import hashlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import uvicorn
from opentimestamps.core.notary import (  # type: ignore[import-untyped]
    BitcoinBlockHeaderAttestation,
    PendingAttestation,
)
from opentimestamps.core.op import OpAppend, OpSHA256  # type: ignore[import-untyped]
from opentimestamps.core.serialize import (  # type: ignore[import-untyped]
    BytesSerializationContext,
)
from opentimestamps.core.timestamp import Timestamp  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

SALT = b"a calendar of the tests' own"
# 2015-05-28, as for the block of the real proofs.
BLOCK_TIME = 1_432_827_678


def header(merkle_root: bytes, time: int = BLOCK_TIME) -> bytes:
    """Return a block header with this merkle root."""
    return struct.pack("<i32s32sIII", 2, bytes(32), merkle_root, time, 0x1D00FFFF, 0)


class Calendar:
    """One calendar; set ``status`` to have it fail, ``answer`` to have it lie."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[str] = []
        self.status = 200
        self.retry_after: str | None = None
        self.answer: bytes | None = None
        # What happens while somebody waits for an answer to a digest.
        self.asked: Callable[[], Awaitable[None]] | None = None
        self.promised: dict[bytes, bytes] = {}
        self.blocks: dict[int, bytes] = {}
        self._mined: dict[bytes, int] = {}
        self.app = Starlette(
            routes=[
                Route("/digest", self._digest, methods=["POST"]),
                Route("/timestamp/{commitment}", self._timestamp),
                Route("/block-height/{height:int}", self._height),
                Route("/block/{name}/header", self._header),
            ]
        )

    def mine(self, height: int) -> None:
        """Put every commitment that is owed into a block of its own, from this height on."""
        for number, commitment in enumerate(self.promised.values()):
            if commitment not in self._mined:
                self._mined[commitment] = height + number
                root = hashlib.sha256(commitment + b"block").digest()
                self.blocks[height + number] = header(root)

    async def _digest(self, request: Request) -> Response:
        self.requests.append("digest")
        if self.asked is not None:
            await self.asked()
        digest = await request.body()
        stamp = Timestamp(digest)
        promise = stamp.ops.add(OpAppend(SALT)).ops.add(OpSHA256())
        promise.attestations.add(PendingAttestation(self.url))
        self.promised[digest] = bytes(promise.msg)
        return self._response(stamp)

    async def _timestamp(self, request: Request) -> Response:
        self.requests.append("timestamp")
        commitment = bytes.fromhex(request.path_params["commitment"])
        if commitment not in self._mined:
            return PlainTextResponse("Pending confirmation in Bitcoin blockchain", 404)
        stamp = Timestamp(commitment)
        root = stamp.ops.add(OpAppend(b"block")).ops.add(OpSHA256())
        root.attestations.add(BitcoinBlockHeaderAttestation(self._mined[commitment]))
        return self._response(stamp)

    def _response(self, stamp: Timestamp) -> Response:
        context = BytesSerializationContext()
        stamp.serialize(context)
        answer = context.getbytes() if self.answer is None else self.answer
        return Response(
            answer, self.status, self._waits(), media_type="application/vnd.opentimestamps.v1"
        )

    def _waits(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": self.retry_after}

    async def _height(self, request: Request) -> Response:
        self.requests.append("height")
        if self.retry_after is not None and self.status != 200:
            return PlainTextResponse("busy", self.status, self._waits())
        found = self.blocks.get(request.path_params["height"])
        return PlainTextResponse(_name(found)) if found else PlainTextResponse("none", 404)

    async def _header(self, request: Request) -> Response:
        named = {_name(each): each for each in self.blocks.values()}
        return PlainTextResponse(named[request.path_params["name"]].hex())


def _name(block: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(block).digest()).digest()[::-1].hex()


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Calendar]:
    """Serve a calendar on a free port of this machine."""
    calendar = Calendar()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        calendar.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(calendar.app, log_config=None, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0)
        try:
            yield calendar
        finally:
            server.should_exit = True
            await task
