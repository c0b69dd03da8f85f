"""Holds every site to its quotas: counted in memory, written in one statement every few seconds.

Nothing is locked or asked for one execution. A process knows what the others counted since its
last flush only, so a quota may be passed by what comes within that time. Which hosts, types and
patterns a site has is read once it has shown half of what it may have.
"""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import asyncpg

from flywheel_server.core import db, errors, log
from flywheel_server.core.scope import LoopScope
from flywheel_server.fleet.model import quotas
from flywheel_server.fleet.model.quotas import Rows, Traffic
from flywheel_server.fleet.store import quotas as store
from flywheel_server.fleet.store.quotas import Counted
from flywheel_server.policy import store as policies
from flywheel_server.policy.model import Policy

_log = log.get(__name__)

_FLUSH_SECONDS = 2.0
# Hosts, types and patterns of all sites together that are kept in mind.
_MOST_SEEN = 400_000
_SCOPE = LoopScope(reason="quotas: what all sites wrote, in one statement")


class Execution(Protocol):
    """What quotas look at in an execution."""

    @property
    def hostname(self) -> str:
        """Return the host."""

    @property
    def incident_type(self) -> str:
        """Return what was wrong."""

    @property
    def reported_id(self) -> str:
        """Return the rule or runbook, as sent."""


@dataclass(slots=True)
class _Pending:
    bytes: int = 0
    items: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Seen:
    """What a site has shown to this process; complete once it is ``loaded``."""

    hosts: set[int] = field(default_factory=set)
    incident_types: set[int] = field(default_factory=set)
    patterns: set[int] = field(default_factory=set)
    loaded: bool = False

    @property
    def size(self) -> int:
        return len(self.hosts) + len(self.incident_types) + len(self.patterns)


class Usage:
    """Counts what sites write, and refuses what passes a quota."""

    def __init__(self, database: db.Database, tell: Callable[[str], None]) -> None:
        self._database = database
        # Counts a refusal of a kind in the metrics.
        self._tell = tell
        self.policy = Policy()
        self._day = dt.date.min
        self._pending: dict[tuple[UUID, dt.date, str], _Pending] = {}
        # Of today, by all processes.
        self._known: dict[tuple[UUID, str], tuple[int, int]] = {}
        self._rows: dict[tuple[UUID, str], int] = {}
        self._seen: OrderedDict[UUID, _Seen] = OrderedDict()
        self._seen_size = 0

    def take(self, site_id: UUID, kind: Traffic, size: int, now: dt.datetime) -> None:
        """Count bytes that a site sends. Raises QuotaReached beyond its quota of the day."""
        day = now.astimezone(dt.UTC).date()
        if day != self._day:
            self._day = day
            self._known.clear()
        pending = self._pending.setdefault((site_id, day, kind), _Pending())
        known_bytes, known_items = self._known.get((site_id, kind), (0, 0))
        most = quotas.limit(self.policy, kind)
        if known_bytes + pending.bytes + size > most:
            pending.refused += 1
            self._refuse(kind, most)
        if kind == "evidence":
            most = quotas.limit(self.policy, "bundles")
            if known_items + pending.items >= most:
                pending.refused += 1
                self._refuse("bundles", most)
        pending.bytes += size
        pending.items += 1

    async def beyond(
        self, site_id: UUID, facts: Sequence[Execution], now: dt.datetime
    ) -> dict[int, str]:
        """Return which facts would bring a site hosts, types or patterns beyond its quotas."""
        seen = await self._seen_of(site_id, len(facts))
        before, refused = seen.size, {}
        for index, fact in enumerate(facts):
            kind = self._passed(seen, fact)
            if kind is not None:
                refused[index] = quotas.refusal(kind, quotas.limit(self.policy, kind))
                self._tell(kind)
        self._seen_size += seen.size - before
        if refused:
            key = (site_id, now.astimezone(dt.UTC).date(), "executions")
            self._pending.setdefault(key, _Pending()).refused += len(refused)
        return refused

    async def open_incident(
        self, connection: db.Connection, site_id: UUID, hostname: str, check_type: str
    ) -> None:
        """Let an incident be reported that is open already, or new within the quota.

        Raises QuotaReached.
        """
        most = quotas.limit(self.policy, "open_incidents")
        if self._rows.get((site_id, "open_incidents"), 0) < most:
            return
        if not await store.incident_is_open(connection, site_id, hostname, check_type):
            self._refuse("open_incidents", most)

    async def run(self) -> None:
        """Flush every few seconds, and what is left when cancelled."""
        try:
            while True:
                await self._flush_or_wait()
                await asyncio.sleep(_FLUSH_SECONDS)
        finally:
            await self._flush_or_wait()

    async def flush(self) -> None:
        """Write what was counted; learn the policy, and what other processes counted."""
        pending, self._pending = self._pending, {}
        counted = [
            Counted(*key, each.bytes, each.items, each.refused) for key, each in pending.items()
        ]
        try:
            async with db.transaction(self._database, _SCOPE) as connection:
                self.policy = await policies.in_force(connection)
                if not counted:
                    return
                totals = await store.add(connection, counted)
                rows = await store.rows_of(connection, list({each.site_id for each in counted}))
        except BaseException:
            self._give_back(pending)
            raise
        self._rows |= rows
        for (site_id, day, kind), total in totals.items():
            if day == self._day:
                self._known[site_id, kind] = total

    async def _seen_of(self, site_id: UUID, more: int) -> _Seen:
        """Return what a site has shown, read from the database where it may be near a quota."""
        seen = self._seen.get(site_id)
        if seen is None:
            seen = self._seen[site_id] = _Seen()
            while self._seen_size > _MOST_SEEN and len(self._seen) > 1:
                self._seen_size -= self._seen.popitem(last=False)[1].size
        self._seen.move_to_end(site_id)
        if not seen.loaded and self._may_be_near(site_id, seen, more):
            async with db.transaction(self._database, _SCOPE) as connection:
                patterns = await store.patterns_of(connection, site_id)
            before = seen.size
            for incident_type, runbook_id, hostname in patterns:
                seen.hosts.add(hash(hostname))
                seen.incident_types.add(hash(incident_type))
                seen.patterns.add(hash((incident_type, runbook_id, hostname)))
            seen.loaded = True
            self._seen_size += seen.size - before
        return seen

    def _may_be_near(self, site_id: UUID, seen: _Seen, more: int) -> bool:
        kinds: tuple[Rows, ...] = ("hosts", "incident_types", "patterns")
        return any(
            2 * max(len(getattr(seen, kind)) + more, self._rows.get((site_id, kind), 0))
            >= quotas.limit(self.policy, kind)
            for kind in kinds
        )

    def _passed(self, seen: _Seen, fact: Execution) -> Rows | None:
        """Keep what a fact shows, or return the quota that it would pass."""
        shown: tuple[tuple[Rows, set[int], int], ...] = (
            ("hosts", seen.hosts, hash(fact.hostname)),
            ("incident_types", seen.incident_types, hash(fact.incident_type)),
            (
                "patterns",
                seen.patterns,
                hash((fact.incident_type, fact.reported_id, fact.hostname)),
            ),
        )
        for kind, known, key in shown:
            if key not in known and len(known) >= quotas.limit(self.policy, kind):
                return kind
        for _, known, key in shown:
            known.add(key)
        return None

    def _refuse(self, kind: quotas.Kind, most: int) -> None:
        self._tell(kind)
        raise errors.QuotaReached(quotas.refusal(kind, most), kind=kind, limit=most)

    def _give_back(self, pending: dict[tuple[UUID, dt.date, str], _Pending]) -> None:
        for key, each in pending.items():
            mine = self._pending.setdefault(key, _Pending())
            mine.bytes += each.bytes
            mine.items += each.items
            mine.refused += each.refused

    async def _flush_or_wait(self) -> None:
        try:
            await self.flush()
        except (*db.LOST, errors.Unavailable) as error:
            # The next round tries again; that the database is away, its condition says for all.
            _log.debug("usage waits", reason=type(error).__name__)
        except (errors.FlywheelError, asyncpg.PostgresError) as error:
            _log.warning("usage waits for the database", reason=type(error).__name__)
