"""Answers the three requests that make up most of the traffic, before the framework.

From memory an unchanged or known rule set, and a check-in that brings nothing but a newer time; by
the writer one execution. The one rule: whatever is the least bit unusual goes on to the ordinary
route, which alone says no to anybody; it answers the same requests in the same way, so the layer
can be left out and its tests cover both.
"""

import asyncio
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import asyncpg
import msgspec
from msgspec import Meta
from starlette.types import ASGIApp, Receive, Scope, Send

from flywheel_server.core import clock, errors, log
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.executions.routes import agent_executions, direct, wire_executions
from flywheel_server.fleet.caches.appliances import Said
from flywheel_server.fleet.model import macs
from flywheel_server.fleet.model.appliances import Report
from flywheel_server.web import access, admission, etags, limits, requests
from flywheel_server.web.gates import Gate
from flywheel_server.web.incoming import Incoming
from flywheel_server.web.runtime import Runtime

SYNC, CHECK_IN = "/agent/sync", "/api/appliances/checkin"
EXECUTION = agent_executions.router.prefix

# With one of these a request means more than its path and its bearer key say.
_UNUSUAL = frozenset(
    {b"cookie", b"x-api-key", b"content-encoding", b"transfer-encoding", b"expect"}
)
_BEARER = b"Bearer "
_MOST_BYTES = 16_384
# What may become of a write other than a verdict.
_FORESEEN = (
    errors.FlywheelError,
    asyncpg.PostgresError,
    UnicodeEncodeError,
    asyncio.CancelledError,
)
_CACHE_CONTROL = (b"cache-control", etags.CACHE_CONTROL.encode())
_JSON = (b"content-type", b"application/json")
_Headers = list[tuple[bytes, bytes]]


class _CheckIn(msgspec.Struct):
    """A check-in as the ordinary route's model reads it, for the values that are usual."""

    site_id: str | None = None
    hostname: Annotated[str, Meta(max_length=255)] | None = None
    mac_address: Annotated[str, Meta(max_length=macs.MOST_TEXT)] | None = None
    ip_addresses: list[str] | None = None
    uptime_seconds: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    agent_version: str | None = None
    nixos_version: str | None = None
    has_local_credentials: bool | None = None
    agent_public_key: Annotated[str, Meta(max_length=200)] | None = None
    active_l2_mode: Literal["auto", "manual", "disabled"] | None = None
    active_rules_hash: str | None = None

    def report(self) -> Report:
        """Return what the ordinary route makes of it."""
        return Report(
            hostname=(self.hostname or "").strip(),
            mac=macs.parse(self.mac_address),
            reported_mac=macs.unreadable(self.mac_address),
            agent_public_key=(self.agent_public_key or "").strip().lower() or None,
            ip_addresses=tuple(self.ip_addresses or ()),
            agent_version=self.agent_version or "",
            nixos_version=self.nixos_version or "",
            has_local_credentials=bool(self.has_local_credentials),
            active_l2_mode=self.active_l2_mode,
            active_rules_hash=self.active_rules_hash or None,
        )


_decoder = msgspec.json.Decoder(_CheckIn)


@dataclass(frozen=True, slots=True)
class Posted:
    """A whole, small body of a known key."""

    asking: ApplianceScope
    headers: dict[bytes, bytes]
    body: bytes


# Status, headers, body.
Answer = tuple[int, _Headers, bytes]


class FastPath:
    """Stands before everything else; ``table`` is that of the ordinary way."""

    def __init__(self, app: ASGIApp, table: limits.Table, *, https: bool = False) -> None:
        self._app = app
        self._always = [requests.HTTPS_ONLY] if https else []
        self._table = table
        # Known while the process serves.
        self.runtime: Runtime | None = None

    @cached_property
    def _sync_gate(self) -> Gate:
        return self._gate_of("GET", SYNC)

    @cached_property
    def _post_gates(self) -> dict[str, Gate]:
        return {path: self._gate_of("POST", path) for path in (CHECK_IN, EXECUTION)}

    def _gate_of(self, method: str, path: str) -> Gate:
        """Return the gate that the ordinary way takes."""
        return self._table.gate(self._table.traffic(method, path), None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on untouched."""
        started = time.perf_counter()
        gate, answer = self._sync_gate, self.at_once(scope)
        posted = self._post_gates.get(scope.get("path", ""))
        if self.runtime and posted is not None and scope["method"] == "POST":
            gate = posted
            answer = await self._post(self.runtime, gate, scope, receive)
        if answer is None:
            await self._app(scope, receive, send)
            return
        status, headers, body = answer
        # A place is held as long as a client that reads slowly needs one. Where all are taken, the
        # answer goes out all the same: to have it wait, or to refuse it, would cost more.
        held = gate.free > 0
        gate.free -= held
        try:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        finally:
            if held:
                gate.leave()
            self.count(scope, status, started)

    async def _post(
        self, parts: Runtime, gate: Gate, scope: Scope, receive: Receive
    ) -> Answer | None:
        """Answer what a known key posts; whoever reads the body next finds what was read."""
        headers = dict(scope["headers"])
        asking = _asking(parts, scope, headers)
        if asking is None or scope["query_string"]:
            return None
        body = scope[admission.BODY] = Incoming(receive)
        try:
            await body.read(_MOST_BYTES)
        except (errors.FlywheelError, asyncio.CancelledError):
            # The body keeps what went wrong, and fails for the ordinary way as it did here.
            return None
        if not body.whole or len(body.data) > _MOST_BYTES or not _spent(gate, asking):
            return None
        limits.mark_spent(scope)
        handler = _check_in if scope["path"] == CHECK_IN else _execution
        answer = await handler(parts, scope, Posted(asking, headers, bytes(body.data)), gate)
        if answer is not None:
            answer[1].extend(self._always)
        return answer

    def at_once(self, scope: Scope) -> Answer | None:
        """Answer what needs no body: a sync of a rule set that is known."""
        parts = self.runtime
        if parts is None or scope.get("path") != SYNC or scope["method"] != "GET":
            return None
        headers = dict(scope["headers"])
        asking = _asking(parts, scope, headers)
        if asking is None or b"content-length" in headers or not _own(scope, asking):
            return None
        rule_set = parts.rule_sets.known(asking.site_id)
        if rule_set is None or not _spent(self._sync_gate, asking):
            return None
        parts.heartbeats.synced(asking, clock.now(), rule_set.version)
        full = rule_set.full
        tag, id = (b"etag", full.etag.encode()), _request_id(headers)
        if _held(full.etag, tag[1], headers.get(b"if-none-match")):
            return 304, [tag, _CACHE_CONTROL, id, *self._always], b""
        length = b"content-length", b"%d" % len(full.body)
        return 200, [tag, _CACHE_CONTROL, length, _JSON, id, *self._always], full.body

    def count(self, scope: Scope, status: int, started: float) -> None:
        """Count an answer of the fast path, of which the ordinary way knows nothing."""
        if self.runtime is not None:
            seconds = time.perf_counter() - started
            self.runtime.metrics.answers.count(scope["method"], scope["path"], status, seconds)


async def _check_in(parts: Runtime, _scope: Scope, posted: Posted, _gate: Gate) -> Answer | None:
    asking = posted.asking
    if not posted.body.isascii():
        return None
    try:
        told = _decoder.decode(posted.body)
        report = told.report()
    except (msgspec.MsgspecError, RecursionError):
        return None
    if told.site_id is not None and told.site_id != asking.site_slug:
        return None
    rule_set = parts.rule_sets.known(asking.site_id)
    known = parts.check_ins.known(asking, report)
    if not rule_set or not known:
        return None
    now = clock.now()
    said = Said(told.uptime_seconds, rule_set.version, report.active_rules_hash)
    parts.heartbeats.seen(asking.site_id, known.id, now, said)
    content = msgspec.json.encode(
        {
            "status": "ok",
            "appliance_id": known.wire_id,
            "server_time": now.replace(microsecond=0),
            "server_public_key": rule_set.public_key,
            "l2_mode": known.l2_mode,
            "rules_hash": rule_set.version,
            "pending_orders": (),
            "linux_targets": (),
            "windows_targets": (),
            "enabled_runbooks": (),
            "merged_duplicates": 0,
            "trigger_enumeration": False,
            "trigger_immediate_scan": False,
        }
    )
    length = (b"content-length", b"%d" % len(content))
    return 200, [length, _JSON, requests.NO_STORE, _request_id(posted.headers)], content


async def _execution(parts: Runtime, scope: Scope, posted: Posted, gate: Gate) -> Answer | None:
    asking = posted.asking
    try:
        report = wire_executions.read_single(posted.body, asking, clock.now())
        access.own_site(asking, report.site_id)
    except errors.FlywheelError:
        return None
    fact = report.items[0].fact
    # Unlike what memory answers, this holds its place while it waits for the database.
    # A clock that is wrong is noted there.
    if fact is None or report.skew is not None or gate.free <= 0:
        return None
    gate.free -= 1
    try:
        content = await agent_executions.record(parts, asking, fact, len(posted.body))
    except _FORESEEN as error:
        # The ordinary route fails with it in our place, and it is told as ever.
        scope[direct.FAILED] = error
        return None
    finally:
        gate.leave()
    length = (b"content-length", b"%d" % len(content))
    return 200, [length, _JSON, requests.NO_STORE, _request_id(posted.headers)], content


def _asking(parts: Runtime, scope: Scope, headers: dict[bytes, bytes]) -> ApplianceScope | None:
    """Return which site's key this is, if memory alone can tell and nothing else is said."""
    # A header given twice would have been lost in the dictionary.
    if len(headers) != len(scope["headers"]) or not _UNUSUAL.isdisjoint(headers):
        return None
    # Every answer is a line at this level: the ordinary way writes it.
    if log.debugging():
        return None
    credential = headers.get(b"authorization", b"")
    if not credential.startswith(_BEARER):
        return None
    found = parts.credentials.known(credential[len(_BEARER) :])
    return found if isinstance(found, ApplianceScope) else None


def _spent(gate: Gate, asking: ApplianceScope) -> bool:
    """Take one request from the site's bucket; to refuse is the ordinary way's business."""
    try:
        gate.spend(asking.site_id)
    except errors.FlywheelError:
        return False
    return True


def _held(etag: str, tag: bytes, given: bytes | None) -> bool:
    return given == tag or (given is not None and etags.matches(etag, [given.decode("latin-1")]))


def _own(scope: Scope, asking: ApplianceScope) -> bool:
    query: bytes = scope["query_string"]
    # No character of a slug is ever escaped, so what is equal here is equal there.
    return not query or query == b"site_id=" + asking.site_slug.encode()


def _request_id(headers: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    return b"x-request-id", requests.request_id(headers.get(b"x-request-id")).encode()
