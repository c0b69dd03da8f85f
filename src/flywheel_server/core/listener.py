"""Hears what other processes changed, and says how long caches may be trusted without the database.

One connection LISTENs and is asked every two seconds whether it is still there: a silent network
loss closes nothing. Caches may answer for ``TRUST_SECONDS`` after the last word from the database.
"""

import asyncio
import contextlib
import time

import asyncpg

from flywheel_server.core import database_refusals, db, errors, log

_log = log.get(__name__)

# A key was revoked or changed: payload, the key's digest in hex.
CREDENTIALS = "flywheel_credentials"
# Rules changed: payload `platform`, `partner:ID`, `organization:ID` or `site:ID`.
RULES = "flywheel_rules"
# In its payload in place of a scope: which platform rules a tenant gets changed, not the rules.
EXCLUSIONS = "exclusions"
# What an appliance is told at check-in changed: payload, the appliance's id.
APPLIANCES = "flywheel_appliances"
# Another kind of agent reports from a site, or a kind less: payload, the site's id.
AGENTS = "flywheel_agents"
CHANNELS = (CREDENTIALS, RULES, APPLIANCES, AGENTS)

TRUST_SECONDS = 5.0
_ASK_SECONDS = 2.0
# One that answers late is not lost: what was announced meanwhile comes with its answer. Giving up
# sooner would empty the caches just when everything is slow, and so make it slower.
_ANSWER_SECONDS = 10.0
_RETRY_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 4.0
# How long a connection is kept to a server that takes no writes.
_READ_ONLY_SECONDS = 5.0


class Listener:
    """One process's ear on the database; ``run`` keeps it open for as long as the server lives."""

    def __init__(self, database: db.Database) -> None:
        self._database = database
        self._heard_at = float("-inf")
        self._failures = 0

    def trusted(self) -> bool:
        """Say whether what was cached may still be used: we would have heard of a change."""
        return time.monotonic() - self._heard_at < TRUST_SECONDS

    async def run(self) -> None:
        """Listen for ever, connecting again when the connection is lost."""
        while True:
            try:
                await self._listen()
            except (*db.LOST, errors.FlywheelError, asyncpg.PostgresError) as error:
                if isinstance(error, database_refusals.UNWRITABLE):
                    await self._database.refuses_writes(database_refusals.of_statement(error))
                if not self._database.condition.told(error):
                    _log.warning("lost the listening connection", reason=type(error).__name__)
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        """Return how long to wait before connecting again: longer each time that it fails."""
        self._failures = self._failures + 1 if self._database.condition.lost else 0
        return min(_RETRY_SECONDS * 2.0**self._failures, _LONGEST_PAUSE_SECONDS)

    async def _listen(self) -> None:
        connection = await db.connect(self._database.dial, statement_timeout=_ANSWER_SECONDS)
        try:
            for channel in CHANNELS:
                await connection.add_listener(channel, self._hear)
            # Whatever was announced while nobody listened is unknown: start with empty caches.
            self._tell("", "")
            opened_at = time.monotonic()
            while True:
                # The moment before the question counts: a change after it may still be unheard.
                asked_at = time.monotonic()
                async with asyncio.timeout(_ANSWER_SECONDS):
                    read_only = await db.is_read_only(connection)
                self._heard_at = asked_at
                if read_only:
                    await self._database.refuses_writes(database_refusals.READ_ONLY)
                    if asked_at - opened_at > _READ_ONLY_SECONDS:
                        # Another server may be primary now, and this one hears nothing of it.
                        return
                await asyncio.sleep(max(0.0, asked_at + _ASK_SECONDS - time.monotonic()))
        finally:
            with contextlib.suppress(*db.LOST, asyncpg.PostgresError):
                await connection.close(timeout=1)

    def _hear(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        self._tell(channel, str(payload))

    def _tell(self, channel: str, payload: str) -> None:
        for subscriber in self._database.subscribers:
            subscriber(channel, payload)
