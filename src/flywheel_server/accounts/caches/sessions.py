"""Whose session is this? Answered from memory while the listener is trusted, as for keys.

A session that ended stops at once where it ended, and elsewhere within ``listener.TRUST_SECONDS``.
"""

import datetime as dt
from dataclasses import replace

from flywheel_server.accounts.actions import tokens
from flywheel_server.accounts.store import sessions
from flywheel_server.core import db, listener
from flywheel_server.core.scope import AuthScope, Session

_MOST = 50_000
_TOUCH_EVERY = dt.timedelta(seconds=60)
_SCOPE = AuthScope()


class Sessions:
    """The sessions this process has seen, by the SHA-256 of their token."""

    def __init__(self, database: db.Database, ear: listener.Listener, idle: dt.timedelta) -> None:
        self._database = database
        self._ear = ear
        self._idle = idle
        self._found: dict[bytes, Session] = {}
        self._generation = 0
        database.subscribers.append(self._changed)

    @property
    def idle(self) -> dt.timedelta:
        """How long a session lives without being used."""
        return self._idle

    def known(self, token: str, now: dt.datetime) -> Session | None:
        """Return the live session of a token from memory alone, if that may be trusted."""
        known = self._found.get(tokens.digest(token)) if self._ear.trusted() else None
        # Another process may have seen a session since that looks idle or aged here.
        if known is not None and known.expires_at > now and now - known.seen_at < _TOUCH_EVERY:
            return known
        return None

    async def find(self, token: str, now: dt.datetime) -> Session | None:
        """Return the live session of a token, and note that it was used.

        Raises DatabaseUnavailable when neither memory nor database can tell.
        """
        return self.known(token, now) or await self._read(tokens.digest(token), now)

    async def _read(self, digest: bytes, now: dt.datetime) -> Session | None:
        generation = self._generation
        async with db.transaction(self._database, _SCOPE) as connection:
            session = await sessions.find(connection, digest, now, now - self._idle)
            if session is not None and now - session.seen_at >= _TOUCH_EVERY:
                await sessions.touch(connection, session.id, now)
                session = replace(session, seen_at=now)
        if session is None:
            self._found.pop(digest, None)
        # A session that ended while we read must not come back.
        elif generation == self._generation:
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[digest] = session
        return session

    def _changed(self, channel: str, payload: str) -> None:
        if channel == "":
            self._found.clear()
        elif channel == listener.CREDENTIALS:
            self._found.pop(bytes.fromhex(payload), None)
        else:
            return
        self._generation += 1
