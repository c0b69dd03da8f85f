"""How much of each kind of traffic is served at once, and how much one sender may send.

Kinds share nothing: whatever one of them does, the others keep their places, and check-ins have the
most. Agents drop what was answered 429 for good, so they get 503 and send it again.
"""

import ipaddress
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import Scope

from flywheel_server.core import errors
from flywheel_server.core.scope import (
    ApplianceScope,
    ClientScope,
    OperatorScope,
    PartnerScope,
    PersonScope,
)
from flywheel_server.core.settings import Settings
from flywheel_server.web import forwarded
from flywheel_server.web.gates import Claim, Gate, Kind
from flywheel_server.web.traffic import PEOPLE, REPORTS, Traffic

GATE = "flywheel.gate"
# A request is spent once, whichever layer does it first.
_SPENT = "flywheel.spent"
_HALF = 0.5
# What a peer that is no trusted proxy may send for all that it asks for, in senders.
_PEER = 20.0
# What one e-mail address may be tried with, as a part of what one network address may try.
_LONGEST_EMAIL = 254
# Which paths a route answers, with which methods, and what it declares.
_Declared = tuple[re.Pattern[str], frozenset[str], Traffic]


def kinds(settings: Settings) -> dict[str, Kind]:
    """Return the table of kinds.

    Those that need the database for each request may together take no more than its connections,
    so that a check-in always gets its turn; unchanged check-ins and syncs need none.
    """
    pool, rate = settings.pool_size, settings.telemetry_rate
    few = max(1, pool // 5)
    rows = [
        Kind(
            name="check-ins",
            most=64,
            waiting=5_000,
            rate=200,
            burst=4_000,
            refusal=errors.Busy,
            tenant_most=48,
            sender_waiting=2_500,
        ),
        Kind(
            name="sync",
            most=64,
            waiting=2_000,
            rate=100,
            burst=2_000,
            refusal=errors.Busy,
            tenant_most=48,
            sender_waiting=1_000,
        ),
        Kind(
            name="telemetry",
            most=1_024,
            waiting=1_024,
            rate=rate,
            burst=int(rate * 20),
            refusal=errors.Busy,
            tenant_most=512,
            sender_waiting=512,
        ),
        Kind(
            name="reports",
            most=few,
            waiting=500,
            rate=50,
            burst=1_000,
            refusal=errors.Busy,
            tenant_most=max(1, few - 1),
            sender_waiting=250,
        ),
        # They wait for a provider without a connection; who does not get in escalates at once.
        Kind(
            name="plans",
            most=256,
            waiting=0,
            rate=20,
            burst=400,
            refusal=errors.Busy,
            tenant_most=64,
        ),
        Kind(
            name="orders",
            most=few,
            waiting=500,
            rate=50,
            burst=1_000,
            refusal=errors.Busy,
            tenant_most=max(1, few - 1),
            sender_waiting=250,
        ),
        # One person's parallel requests wait behind each other, one tenant's leave places free.
        Kind(
            name="people",
            most=max(2, pool * 2 // 5),
            waiting=200,
            rate=50,
            burst=500,
            refusal=errors.TooManyRequests,
            tenant_most=max(1, pool // 4),
            sender_most=max(1, pool // 5),
            sender_waiting=20,
        ),
        # Operators have to see what happens while tenants crowd.
        Kind(
            name="operators",
            most=max(2, pool // 5),
            waiting=100,
            rate=50,
            burst=500,
            refusal=errors.TooManyRequests,
            sender_most=max(1, pool // 5 - 1),
            sender_waiting=20,
        ),
        # Open pages that wait for news hold their place for minutes. Who may open a page may ask
        # for its news: where there is no place, the answer is a quiet no
        # (`overview/pages/live.py`).
        Kind(
            name="live",
            most=256,
            waiting=0,
            rate=50,
            burst=500,
            refusal=errors.TooManyRequests,
            tenant_most=96,
            sender_most=24,
        ),
        # Tenants and senders are network addresses here.
        Kind(
            name="sign-in",
            most=max(2, pool // 5),
            waiting=200,
            rate=0.5,
            burst=30,
            refusal=errors.TooManyRequests,
            tenant_most=max(1, pool // 5 - 1),
            sender_waiting=10,
        ),
        # Looking up keys and sessions that memory does not know; the bucket is an address's, and
        # only what nobody has is taken from it.
        Kind(
            name="look-ups",
            most=max(2, pool // 2),
            waiting=4_000,
            rate=20,
            burst=200,
            refusal=errors.Busy,
        ),
        Kind(
            name="health",
            most=64,
            waiting=64,
            rate=50,
            burst=500,
            refusal=errors.TooManyRequests,
        ),
        # They are of the whole platform, and cost a few queries each time.
        Kind(
            name="figures",
            most=1,
            waiting=8,
            rate=5,
            burst=50,
            refusal=errors.TooManyRequests,
        ),
    ]
    return {row.name: row for row in rows}


def gates_of(settings: Settings) -> dict[str, Gate]:
    """Return a gate for each kind; one process has one set of them."""
    return {name: Gate(kind) for name, kind in kinds(settings).items()}


class Table:
    """Which gate a request passes: by what its route declares, then by who is asking.

    The routes are looked at with the first request, in the order in which the router tries them.
    """

    def __init__(
        self,
        gates: Mapping[str, Gate],
        routes: Sequence[BaseRoute],
        declared: Callable[[APIRoute], Traffic],
    ) -> None:
        self.gates = gates
        self._routes = routes
        self._declared = declared
        self.look_ups = gates["look-ups"]

    def traffic(self, method: str, path: str) -> Traffic:
        """Return what the route declares that answers this request; PEOPLE where none does."""
        # As the router's expressions do, which end before a last newline, too.
        path = path.removesuffix("\n")
        literal, templates = self._index
        found = literal.get(path) or [each for each in templates if each[0].match(path)]
        for _, methods, traffic in found:
            if method in methods:
                return traffic
        # The route of another method refuses it.
        return found[0][2] if found else PEOPLE

    def gate(self, traffic: Traffic, asking: ApplianceScope | PersonScope | None) -> Gate:
        """Return the gate of a kind of traffic for whoever asks."""
        if traffic.kind == PEOPLE.kind:
            if isinstance(asking, OperatorScope):
                return self.gates["operators"]
            # Rejected by the route, and in nobody else's place until then.
            if isinstance(asking, ApplianceScope):
                return self.gates[REPORTS.kind]
        return self.gates[traffic.kind]

    @cached_property
    def _index(self) -> tuple[dict[str, list[_Declared]], list[_Declared]]:
        """Return the routes of each literal path, and those of templates."""
        literal: dict[str, list[_Declared]] = {}
        templates = []
        for route in self._routes:
            if isinstance(route, APIRoute):
                declared = route.path_regex, frozenset(route.methods or ()), self._declared(route)
                if "{" in route.path:
                    templates.append(declared)
                else:
                    literal.setdefault(route.path, []).append(declared)
        return literal, templates


def claim(asking: ApplianceScope | PersonScope | None, address: str) -> Claim:
    """Return for whom a place is asked; strangers are told apart by their address."""
    match asking:
        case ApplianceScope():
            return Claim(asking.site_id, asking.site_id)
        case PartnerScope():
            return Claim(asking.partner_id, asking.actor_id)
        case ClientScope():
            return Claim(asking.organization_id, asking.actor_id)
        case OperatorScope():
            return Claim("operators", asking.actor_id)
    return Claim(address, address)


def address(scope: Scope) -> str:
    """Return where a request comes from; the 2^64 addresses of one IPv6 network are one."""
    host = scope["client"][0] if scope.get("client") else ""
    behind = scope.get(forwarded.BEHIND)
    return f"{host} for {network(behind)}" if behind else network(host)


def network(host: str) -> str:
    """Return an address, or the network of one IPv6 subscriber that it belongs to."""
    if ":" not in host:
        return str(host)
    try:
        found = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return str(host)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, 64), strict=False))


def spend(scope: Scope, asking: ApplianceScope | PersonScope) -> None:
    """Take one request from the bucket of whoever asks, once. Raises Busy or TooManyRequests."""
    sender = asking.site_id if isinstance(asking, ApplianceScope) else asking.actor_id
    _spend_once(scope, sender)


def spend_address(scope: Scope) -> None:
    """Take one request from the bucket of its address, once. Raises TooManyRequests."""
    gate: Gate | None = scope.get(GATE)
    if gate is not None and scope.get(forwarded.BEHIND) and not scope.get(_SPENT):
        # An unknown proxy, or one who plays it: many addresses, and a bound on all of them.
        counted(scope, gate, ("peer", scope["client"][0]), _PEER)
    _spend_once(scope, address(scope))


def spend_email(scope: Scope, purpose: str, email: str) -> None:
    """Take one attempt from an e-mail address's bucket for one purpose. Raises TooManyRequests."""
    gate: Gate | None = scope.get(GATE)
    if gate is not None:
        counted(scope, gate, (purpose, email.strip().lower()[:_LONGEST_EMAIL]), _HALF)


def counted(scope: Scope, gate: Gate, sender: Hashable, rate: float = 1.0) -> None:
    """Take one request from a bucket. Raises the kind's refusal, and counts it as shed."""
    try:
        gate.spend(sender, rate)
    except errors.FlywheelError:
        shed(scope, gate)
        raise


def mark_spent(scope: Scope) -> None:
    """Say that this request was taken from its sender's bucket already."""
    scope[_SPENT] = True


def shed(scope: Scope, gate: Gate) -> None:
    """Count a request that was refused for want of a place or of budget."""
    runtime = getattr(scope["app"].state, "runtime", None)
    if runtime is not None:
        runtime.metrics.shed.labels(gate.kind.name).inc()


def _spend_once(scope: Scope, sender: Hashable) -> None:
    gate: Gate | None = scope.get(GATE)
    if gate is None or scope.get(_SPENT):
        return
    counted(scope, gate, sender)
    mark_spent(scope)
