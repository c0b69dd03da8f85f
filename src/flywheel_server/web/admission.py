"""What happens to every request before its route: who asks, their budget, their body, their place.

The one rule is this order. Nobody's body is read beyond 64 KiB, inflated or parsed before their
credential is known; a budget is spent before a place is waited for; and a place is held only once
the body has arrived, so a client that sends slowly holds none.
"""

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from flywheel_server.core import errors
from flywheel_server.core.scope import ApplianceScope, PersonScope
from flywheel_server.web import credentials, limits
from flywheel_server.web.gates import Claim, Gate
from flywheel_server.web.incoming import STRANGER_BYTES, Incoming, Room
from flywheel_server.web.runtime import Runtime

# Where a request keeps its body, and what became of its credentials.
BODY = "flywheel.body"
FOUND = "flywheel.caller"
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class Admission:
    """Admits every request to a place among its like; behind the layer that bounds bodies."""

    def __init__(self, app: ASGIApp, table: limits.Table, rooms: tuple[Room, Room]) -> None:
        self._app = app
        self._table = table
        self._room, self._strangers_room = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request when it is its turn."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traffic = self._table.traffic(scope["method"], scope["path"])
        asking = None if traffic.anonymous else await self._asking(scope)
        gate = scope[limits.GATE] = self._table.gate(traffic, asking)
        if traffic.budget == "address":
            limits.spend_address(scope)
        elif traffic.budget == "sender" and asking is not None:
            limits.spend(scope, asking)
        claim = limits.claim(asking, "" if asking else limits.address(scope))
        await self._read(scope, asking, claim)
        await _enter(scope, gate, claim)
        try:
            await self._app(scope, receive, send)
        finally:
            gate.leave(claim)

    async def _asking(self, scope: Scope) -> ApplianceScope | PersonScope | None:
        """Return who asks; what is wrong with their credentials is for the route to say."""
        parts: Runtime | None = getattr(scope["app"].state, "runtime", None)
        request = Request(scope)
        if parts is None or not credentials.shown(request):
            return None
        try:
            found = credentials.remembered(request, parts)
            if found is None:
                found = await self._look_up(request, parts)
        except errors.FlywheelError as error:
            # A public route answers all the same.
            scope[FOUND] = error
            return None
        scope[FOUND] = found
        return found.scope

    async def _look_up(self, request: Request, parts: Runtime) -> credentials.Caller:
        """Ask the database, which an address may have do so for nothing only so often."""
        gate, address = self._table.look_ups, limits.address(request.scope)
        claim = Claim(address, address)
        await _enter(request.scope, gate, claim)
        try:
            limits.counted(request.scope, gate, address)
            try:
                found = await credentials.identify(request, parts)
            except errors.Unauthenticated:
                raise
            except errors.FlywheelError:
                gate.refund(address)
                raise
        finally:
            gate.leave(claim)
        gate.refund(address)
        return found

    async def _read(
        self, scope: Scope, asking: ApplianceScope | PersonScope | None, claim: Claim
    ) -> None:
        body: Incoming = scope[BODY]
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if scope["method"] in _BODILESS and length == b"0" and b"transfer-encoding" not in headers:
            return
        if asking is not None:
            body.known = True
            body.of(claim.tenant, self._room)
        else:
            body.of(claim.tenant, self._strangers_room)
            # Refused by the route: as unknown, or as too large for a stranger.
            if length.isdigit() and int(length) > STRANGER_BYTES:
                return
        await body.read(body.most)


async def caller(request: Request, parts: Runtime) -> credentials.Caller:
    """Return who asks. Raises Unauthenticated, and what kept us from finding out."""
    found = request.scope.get(FOUND)
    if isinstance(found, credentials.Caller):
        return found
    if found is not None:
        raise found
    return await credentials.identify(request, parts)


async def _enter(scope: Scope, gate: Gate, claim: Claim) -> None:
    try:
        await gate.enter(claim)
    except errors.Busy:
        limits.shed(scope, gate)
        raise
