"""How much of each kind of traffic is served at once, and how much one sender may send.

Kinds share nothing: whatever one of them does, the others keep their places, and check-ins have the
most. Agents drop what was answered 429 for good, so they get 503 and send it again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from flywheel_server import errors
from flywheel_server.domain.scope import ApplianceScope, PersonScope
from flywheel_server.settings import Settings

_KEY = "flywheel.kind"
_MOST_SENDERS = 100_000
_WAIT_SECONDS = 10.0
_ROUNDING = 1e-6
_now = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of traffic."""

    name: str
    # Handled at once, and waiting for it; more than both are refused with 503.
    most: int
    waiting: int
    # Requests a second of one sender (site, person or address), and how many at once.
    rate: float
    burst: int
    # What a sender beyond that is told.
    refusal: type[errors.FlywheelError]


def kinds(settings: Settings) -> dict[str, Kind]:
    """Return the table of kinds.

    Those that need the database for each request may together take no more than its connections,
    so that a check-in always gets its turn; unchanged check-ins and syncs need none.
    """
    pool, rate = settings.pool_size, settings.telemetry_rate
    rows = [
        Kind(name="check-ins", most=64, waiting=5_000, rate=200, burst=4_000, refusal=errors.Busy),
        Kind(name="sync", most=64, waiting=2_000, rate=100, burst=2_000, refusal=errors.Busy),
        Kind(
            name="telemetry",
            most=1_024,
            waiting=1_024,
            rate=rate,
            burst=int(rate * 20),
            refusal=errors.Busy,
        ),
        Kind(
            name="reports",
            most=max(1, pool // 5),
            waiting=500,
            rate=50,
            burst=1_000,
            refusal=errors.Busy,
        ),
        # They wait for a provider without a connection; who does not get in escalates at once.
        Kind(name="plans", most=256, waiting=0, rate=20, burst=400, refusal=errors.Busy),
        Kind(
            name="orders",
            most=max(1, pool // 5),
            waiting=500,
            rate=50,
            burst=1_000,
            refusal=errors.Busy,
        ),
        Kind(
            name="people",
            most=max(2, pool // 2),
            waiting=200,
            rate=50,
            burst=500,
            refusal=errors.TooManyRequests,
        ),
        # Open pages that wait for news hold their place for minutes. Who may open a page may ask
        # for its news: where there is no place, the answer is a quiet no (`portal/live.py`).
        Kind(
            name="live",
            most=256,
            waiting=0,
            rate=50,
            burst=500,
            refusal=errors.TooManyRequests,
        ),
        Kind(
            name="sign-in",
            most=max(2, pool // 5),
            waiting=50,
            rate=0.5,
            burst=30,
            refusal=errors.TooManyRequests,
        ),
        Kind(
            name="health",
            most=64,
            waiting=64,
            rate=50,
            burst=500,
            refusal=errors.TooManyRequests,
        ),
    ]
    return {row.name: row for row in rows}


# The paths that are asked most, by name; then what begins with one of these; people's are the rest.
_PATHS = {
    "/api/appliances/checkin": "check-ins",
    "/agent/sync": "sync",
    "/api/agent/l1-rules": "sync",
    "/api/agent/sync/promoted-rules": "sync",
    "/api/agent/executions": "telemetry",
    "/api/agent/executions/batch": "telemetry",
    "/api/agent/l2/plan": "plans",
    "/api/auth/sign-in": "sign-in",
    "/api/auth/accept-invitation": "sign-in",
    "/api/auth/links": "sign-in",
    "/api/auth/links/redeem": "sign-in",
    "/api/auth/password": "sign-in",
    "/sign-in": "sign-in",
    "/sign-in/link": "sign-in",
    "/invitation": "sign-in",
    "/reports/csp": "health",
    "/live": "live",
    "/health": "health",
    "/ready": "health",
    "/metrics": "health",
}
_BEGINNINGS = (
    ("/api/orders/", "orders"),
    ("/api/fleet/orders/", "orders"),
    ("/api/agent/", "reports"),
    ("/agent/", "reports"),
    ("/incidents", "reports"),
    ("/api/appliances/", "reports"),
    ("/api/devices/", "reports"),
    ("/api/learning/", "reports"),
    ("/api/logs/", "reports"),
    ("/api/evidence/", "reports"),
)


class Gate:
    """One kind's places, and what each of its senders has left."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.free = kind.most
        self._waiting: deque[asyncio.Future[None]] = deque()
        # When each sender's bucket will be full again, in seconds of the monotonic clock.
        self._full_at: dict[Hashable, float] = {}
        self._step = 1 / kind.rate
        # How far in the future that may lie.
        self._furthest = kind.burst / kind.rate + _ROUNDING

    async def wait(self) -> None:
        """Wait for a place that is handed over. Raises Busy when too many wait, or too long."""
        if len(self._waiting) >= self.kind.waiting:
            raise errors.Busy(_busy(self.kind))
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The place was handed over at the very moment it was given up: pass it on.
                self.leave()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise errors.Busy(_busy(self.kind)) from error
            raise

    def leave(self) -> None:
        """Hand a place to whoever waits longest, or keep it free."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1

    def spend(self, sender: Hashable, rate: float = 1.0) -> None:
        """Take one request from a sender's bucket. Raises the kind's refusal when it is empty.

        ``rate`` below one makes the bucket fill more slowly, and be smaller, by that factor.
        """
        now = _now()
        full_at = max(self._full_at.get(sender, now), now) + self._step / rate
        if full_at - now > self._furthest:
            raise self.kind.refusal(
                f"Too many requests of the kind {self.kind.name} come from here: slow down."
            )
        if len(self._full_at) >= _MOST_SENDERS and sender not in self._full_at:
            self._forget(now)
        self._full_at[sender] = full_at

    def _forget(self, now: float) -> None:
        """Forget full buckets; with as many emptied ones somebody makes senders up: forget all."""
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        if len(self._full_at) >= _MOST_SENDERS:
            self._full_at.clear()


def gates_of(settings: Settings) -> dict[str, Gate]:
    """Return a gate for each kind; one process has one set of them."""
    return {name: Gate(kind) for name, kind in kinds(settings).items()}


class Limits:
    """Gives every request its kind and a place among its like; behind the layer that reads bodies.

    A client that sends slowly holds no place: its body was read before it asks for one.
    """

    def __init__(self, app: ASGIApp, gates: Mapping[str, Gate]) -> None:
        self._app = app
        self._paths = {path: gates[name] for path, name in _PATHS.items()}
        self._beginnings = [(beginning, gates[name]) for beginning, name in _BEGINNINGS]
        self._orders, self._people = gates["orders"], gates["people"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request when it is its turn."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        gate = scope[_KEY] = self._paths.get(path) or self._gate(path)
        if gate.free > 0:
            gate.free -= 1
        else:
            await _wait(scope, gate)
        try:
            await self._app(scope, receive, send)
        finally:
            gate.leave()

    def _gate(self, path: str) -> Gate:
        if path.endswith("/orders/pending"):
            return self._orders
        for beginning, gate in self._beginnings:
            if path.startswith(beginning):
                return gate
        return self._people


def spend(request: Request, scope: ApplianceScope | PersonScope) -> None:
    """Take one request from the bucket of whoever is asking. Raises Busy or TooManyRequests."""
    gate: Gate | None = request.scope.get(_KEY)
    if gate is None:
        return
    sender = scope.site_id if isinstance(scope, ApplianceScope) else scope.actor_id
    _spend(request, gate, sender)


def spend_stranger(request: Request, email: str | None = None) -> None:
    """Take one attempt to sign in from the buckets of its address and, if given, its e-mail."""
    gate: Gate | None = request.scope.get(_KEY)
    if gate is None:
        return
    _spend(request, gate, request.client.host if request.client else "")
    if email is not None:
        _spend(request, gate, ("email", email.strip().lower()[:254]), rate=0.5)


async def _wait(scope: Scope, gate: Gate) -> None:
    try:
        await gate.wait()
    except errors.Busy:
        _count(scope, gate)
        raise


def _spend(request: Request, gate: Gate, sender: Hashable, rate: float = 1.0) -> None:
    try:
        gate.spend(sender, rate)
    except errors.FlywheelError:
        _count(request.scope, gate)
        raise


def _count(scope: Scope, gate: Gate) -> None:
    runtime = getattr(scope["app"].state, "runtime", None)
    if runtime is not None:
        runtime.metrics.shed.labels(gate.kind.name).inc()


def _busy(kind: Kind) -> str:
    return f"Too many requests of the kind {kind.name} are underway: send it again in a moment."
