"""What a check-in needs no database for: an appliance that says again what it said before.

Its newer time, which rule set it runs and which one it was told to run go into a buffer that is
flushed in one statement a second: a new rule reaches a large fleet without a transaction for each
appliance. Losing the process loses at most that second, and every check-in says all of it again.
"""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from flywheel_server.core import db, errors, listener, log
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope, LoopScope
from flywheel_server.core.warming import Learner
from flywheel_server.fleet.actions import checkin
from flywheel_server.fleet.actions.checkin import Instructions
from flywheel_server.fleet.model import appliances as domain
from flywheel_server.fleet.model.appliances import Report
from flywheel_server.fleet.store import appliances as store
from flywheel_server.fleet.store.appliances import Beat

_log = log.get(__name__)

_FLUSH_SECONDS = 1.0
_MOST_BEATS = 200_000
_MOST_ENTRIES = 200_000
# Read at once, when all are learnt.
_PAGE = 500
_SCOPE = LoopScope(reason="heartbeats: the times of all sites in one statement")

# A digest stands for what was reported: a quarter of the memory, for very many appliances.
_KEY_BYTES = 16


class CheckIns:
    """The newest instructions of each appliance, by what it reported to get them."""

    def __init__(self, database: db.Database, ear: listener.Listener) -> None:
        self._ear = ear
        self._entries: dict[bytes, Instructions] = {}
        self._keys: dict[UUID, bytes] = {}
        self._generation = 0
        self._database = database
        # Who changed while appliances are being read: what was read of them may be old.
        self._changed_meanwhile: set[UUID] | None = None
        database.subscribers.append(self._changed)
        self._learner = Learner(database, "appliances", UUID(int=0), self._learn_page)

    @property
    def generation(self) -> int:
        """Count what was heard: what was read before it last rose may be old."""
        return self._generation

    def known(self, scope: ApplianceScope, report: Report) -> Instructions | None:
        """Return what to tell an appliance that is as it was, or None to ask the database.

        Which rule set it runs is no part of that.
        """
        if not self._ear.trusted():
            return None
        site_id, bound_to = scope.site_id, scope.appliance_id
        found = self._entries.get(_key(site_id, bound_to, report))
        if found is None and bound_to is not None:
            # The report alone says the same, if it is this appliance's.
            found = self._entries.get(_key(site_id, None, report))
            return found if found is not None and found.id == bound_to else None
        return found

    async def run(self) -> None:
        """Learn the appliances when listening begins anew, for ever."""
        await self._learner.run()

    def remember(
        self, scope: ApplianceScope, report: Report, told: Instructions, generation: int
    ) -> None:
        """Keep the instructions that an unchanged appliance got, unless they changed meanwhile."""
        if generation != self._generation or told.pending_orders:
            return
        if len(self._entries) >= _MOST_ENTRIES:
            self._clear()
        self._drop(told.id)
        self._keep(_key(scope.site_id, scope.appliance_id, report), told)

    async def _learn_page(self, after: UUID) -> UUID | None:
        changed = self._changed_meanwhile = set[UUID]()
        async with db.transaction(self._database, _SCOPE) as connection:
            page = await store.settled(connection, after, _PAGE)
        if self._changed_meanwhile is not changed:
            # Everything was forgotten while we read.
            return after
        self._changed_meanwhile = None
        if len(self._entries) + len(page) > _MOST_ENTRIES:
            return None
        for each in page:
            if each.id not in self._keys and each.id not in changed:
                key = _key(each.site_id, None, domain.last_report(each))
                self._keep(key, checkin.instructions(each))
        return page[-1].id if len(page) == _PAGE else None

    def _keep(self, key: bytes, told: Instructions) -> None:
        self._entries[key] = told
        self._keys[told.id] = key

    def _changed(self, channel: str, payload: str) -> None:
        if channel == "":
            self._clear()
            self._changed_meanwhile = None
        elif channel == listener.APPLIANCES:
            self._drop(UUID(payload))
            if self._changed_meanwhile is not None:
                self._changed_meanwhile.add(UUID(payload))
        else:
            return
        self._generation += 1

    def _clear(self) -> None:
        self._entries.clear()
        self._keys.clear()

    def _drop(self, id: UUID) -> None:
        key = self._keys.pop(id, None)
        if key is not None:
            self._entries.pop(key, None)


class Said(NamedTuple):
    """What comes with an appliance's newer time."""

    uptime_seconds: int | None
    # The rule set that it was told to run, and the one that it runs.
    desired_rules_hash: str
    active_rules_hash: str | None


_Place = tuple[UUID, UUID | None]
# Keeps which rule set each sync carried, in the transaction that keeps its time.
SyncedSets = Callable[[Connection, Sequence[Beat]], Awaitable[None]]
_Said = TypeVar("_Said")


class _Newest(dict[_Place, tuple[dt.datetime, _Said | None]]):
    """The newest time of each place, and what was last said there."""

    def note(self, place: _Place, now: dt.datetime, said: _Said | None) -> None:
        if said is None:
            said = self.get(place, (now, None))[1]
        # The database is long gone then; the times of so many are told again soon anyway.
        if len(self) < _MOST_BEATS or place in self:
            self[place] = (now, said)


class Heartbeats:
    """Newer times on their way to the database."""

    def __init__(self, database: db.Database, synced_sets: SyncedSets) -> None:
        self._database = database
        self._synced_sets = synced_sets
        self._seen: _Newest[Said] = _Newest()
        # With the hash of the set that was carried.
        self._synced: _Newest[str] = _Newest()
        self._flushing = asyncio.Lock()

    def seen(self, site_id: UUID, appliance_id: UUID, now: dt.datetime, said: Said) -> None:
        """Note that an appliance checked in."""
        self._seen.note((site_id, appliance_id), now, said)

    def synced(
        self, scope: ApplianceScope, now: dt.datetime, rules_hash: str | None = None
    ) -> None:
        """Note a sync and what it carried: to the key's appliance, else to the site."""
        self._synced.note((scope.site_id, scope.appliance_id), now, rules_hash)

    async def run(self) -> None:
        """Flush once a second, for ever; flush what is left when cancelled."""
        try:
            while True:
                await asyncio.sleep(_FLUSH_SECONDS)
                await self._flush_or_wait()
        finally:
            await self._flush_or_wait()

    async def flush(self) -> None:
        """Write all that is waiting. Raises DatabaseUnavailable and keeps it."""
        async with self._flushing:
            seen, self._seen = self._seen, _Newest()
            synced, self._synced = self._synced, _Newest()
            if not seen and not synced:
                return
            beats = [_beat(place, seen.get(place), synced.get(place)) for place in seen | synced]
            try:
                async with db.transaction(self._database, _SCOPE) as connection:
                    await store.beat(connection, beats)
                    await self._synced_sets(connection, beats)
            except BaseException:
                # Whatever stopped it, cancelling included, the beats wait for the next flush.
                self._seen = _merged(seen, self._seen)
                self._synced = _merged(synced, self._synced)
                raise

    async def _flush_or_wait(self) -> None:
        try:
            await self.flush()
        except (*db.LOST, errors.FlywheelError, asyncpg.PostgresError) as error:
            # The next second tries again.
            if not self._database.condition.told(error):
                _log.warning("heartbeats wait for the database", reason=type(error).__name__)


def _merged(older: _Newest[_Said], newer: _Newest[_Said]) -> _Newest[_Said]:
    for place, (now, said) in newer.items():
        older.note(place, now, said)
    return older


def _beat(
    place: _Place,
    seen: tuple[dt.datetime, Said | None] | None,
    synced: tuple[dt.datetime, str | None] | None,
) -> Beat:
    seen_at, said = seen or (None, None)
    synced_at, carried = synced or (None, None)
    site_id, appliance_id = place
    # Who syncs is there.
    newest = max(at for at in (seen_at, synced_at) if at is not None)
    uptime, desired, active = said or (None, None, None)
    return Beat(site_id, appliance_id, newest, synced_at, uptime, carried, desired, active)


def _key(site_id: UUID, appliance_id: UUID | None, report: Report) -> bytes:
    lasting = (
        report.hostname,
        report.mac,
        report.reported_mac,
        report.agent_public_key,
        report.ip_addresses,
        report.agent_version,
        report.nixos_version,
        report.has_local_credentials,
        report.active_l2_mode,
    )
    told = msgspec.msgpack.encode((site_id, appliance_id, lasting))
    return hashlib.blake2b(told, digest_size=_KEY_BYTES).digest()
