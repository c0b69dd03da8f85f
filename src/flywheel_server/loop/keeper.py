"""Keeps the loop turning in exactly one of any number of processes.

A lease row says who; it is renewed every third of an interval and lapses after two thirds, so a
dead or hanging holder is replaced within one interval. The row also says when the last turn
started, so that a turn runs once an interval whoever starts it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg

from flywheel_server import loop
from flywheel_server.core import db, errors, log
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.loop import runs, turns

_log = log.get(__name__)
_SCOPE = LoopScope(reason="the lease of the loop belongs to no tenant")
_TROUBLE = (*db.LOST, errors.FlywheelError, asyncpg.PostgresError)


class Keeper:
    """One process's share in the loop."""

    def __init__(self, database: db.Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self.holder: UUID = uuid4()
        self._interval = settings.loop_interval
        self._lease = self._interval * 2 / 3
        self._holds = False

    async def run(self) -> None:
        """Take part until cancelled; then let go of the lease: another takes over at once."""
        renewing = asyncio.create_task(self._keep_renewing(), name="loop lease")
        try:
            # A clock, not an event, says when the next turn is due.
            while True:  # noqa: ASYNC110
                await asyncio.sleep(await self._attempt())
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing
            await self._release()

    async def _attempt(self) -> float:
        """Run the turn if it is due and ours; return the seconds until the next look."""
        try:
            async with self._lease_row() as connection:
                ours = await runs.claim(connection, self.holder, self._lease, self._interval)
            if ours:
                self._hold(holds=True)
                await turns.run_turn(
                    self._database,
                    self._settings,
                    loop.STEPS,
                    turn_id=uuid4(),
                    holder=self.holder,
                    wait_seconds=self._interval,
                )
            async with db.transaction(self._database, _SCOPE) as connection:
                status = await runs.status(connection)
        except _TROUBLE as error:
            if not self._database.condition.told(error):
                _log.error("the loop cannot work", reason=repr(error))
            return self._interval / 6
        self._hold(holds=self._holds and status is not None and status.holder == self.holder)
        return min(max(self._wait(status), 0.01), self._interval / 6)

    def _hold(self, *, holds: bool) -> None:
        """Note whether the lease is ours, and log where that changed."""
        if holds != self._holds:
            self._holds = holds
            _log.info(
                "leader lease taken" if holds else "leader lease lost", holder=str(self.holder)
            )

    def _wait(self, status: runs.Status | None) -> float:
        if status is None:
            return 0.0
        due = self._interval - status.seconds_since_turn
        # While another holds the lease, an overdue turn is still its own.
        return due if status.holder == self.holder else max(due, status.seconds_left)

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(self._interval / 3)
            try:
                async with self._lease_row() as connection:
                    renewed = await runs.renew(connection, self.holder, self._lease)
                self._hold(holds=self._holds and renewed)
            except _TROUBLE as error:
                if not self._database.condition.told(error):
                    _log.warning("the lease of the loop was not renewed", reason=repr(error))

    @contextlib.asynccontextmanager
    async def _lease_row(self) -> AsyncIterator[Connection]:
        """Open a transaction to write the lease: stopped within, it must not keep it for long."""
        async with db.transaction(self._database, _SCOPE) as connection:
            await runs.let_go_after(connection, turns.hang_seconds(self._interval))
            yield connection

    async def _release(self) -> None:
        with contextlib.suppress(*_TROUBLE):
            async with self._lease_row() as connection:
                await runs.release(connection, self.holder)
            if self._holds:
                self._holds = False
                _log.info("leader lease released", holder=str(self.holder))
