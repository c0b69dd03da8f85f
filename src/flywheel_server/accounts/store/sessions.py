"""Live sessions, and the failed attempts to open one. Tokens are known by their SHA-256 alone."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.store.people import User
from flywheel_server.core import people as rules
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import Session
from flywheel_server.core.sql import load

_SQL = load("sessions")
_USER = tuple(User.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A session as its owner sees it."""

    id: UUID
    address: str
    user_agent: str
    created_at: dt.datetime
    seen_at: dt.datetime
    expires_at: dt.datetime


async def insert(
    connection: Connection,
    *,
    user_id: UUID,
    digest: bytes,
    address: str,
    user_agent: str,
    now: dt.datetime,
    expires_at: dt.datetime,
) -> UUID:
    """Keep a new session."""
    id: UUID = await connection.fetchval(
        *_SQL["insert"](
            user_id=user_id,
            digest=digest,
            address=address,
            user_agent=user_agent,
            now=now,
            expires_at=expires_at,
        )
    )
    return id


async def find(
    connection: Connection, digest: bytes, now: dt.datetime, idle_since: dt.datetime
) -> Session | None:
    """Return a live session, unless it was idle since ``idle_since`` or its owner is disabled."""
    row = await connection.fetchrow(*_SQL["find"](digest=digest, now=now, idle_since=idle_since))
    if row is None:
        return None
    user = User(**{name: row[name] for name in _USER})
    return Session(
        id=row["session_id"],
        user_id=user.id,
        digest=digest,
        email=user.email,
        scope=user.scope,
        created_at=row["session_created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
    )


async def touch(connection: Connection, session_id: UUID, now: dt.datetime) -> None:
    """Note that a session was used."""
    await connection.execute(*_SQL["touch"](session_id=session_id, now=now))


async def of_user(
    connection: Connection,
    user_id: UUID,
    now: dt.datetime,
    idle_since: dt.datetime,
    *,
    text: str | None,
    after: UUID | None,
    limit: int,
) -> list[Listed]:
    """Return a person's live sessions, the newest first, those behind ``after``."""
    rows = await connection.fetch(
        *_SQL["of_user"](
            user_id=user_id, now=now, idle_since=idle_since, after=after, text=text, limit=limit
        )
    )
    return [Listed(**row) for row in rows]


async def end(connection: Connection, user_id: UUID, session_id: UUID) -> bytes | None:
    """End one of a person's sessions; return its digest, or None when there is no such session."""
    digest: bytes | None = await connection.fetchval(
        *_SQL["end"](user_id=user_id, session_id=session_id)
    )
    return digest


async def end_all(
    connection: Connection, user_id: UUID, *, but: bytes | None = None
) -> list[bytes]:
    """End every session of a person ``but`` one; return the digests that caches must forget."""
    rows = await connection.fetch(*_SQL["end_all"](user_id=user_id, but=but))
    return [row["digest"] for row in rows]


async def forget(connection: Connection, now: dt.datetime, idle_since: dt.datetime) -> int:
    """Delete the sessions that expired or are idle; return how many."""
    status = await connection.execute(*_SQL["forget"](now=now, idle_since=idle_since))
    return int(status.split()[-1])


async def count_attempt(connection: Connection, email: str, now: dt.datetime) -> bool:
    """Count an attempt to sign in before it is made; return whether it may be made at all."""
    row = await connection.fetchrow(
        *_SQL["count_attempt"](
            email_digest=rules.email_digest(email),
            now=now,
            lock_lasts=rules.LOCK_LASTS,
            most_failures=rules.MOST_FAILURES,
        )
    )
    if row is None:
        raise LookupError("INSERT … RETURNING gave no row")
    return int(row["failures"]) <= rules.MOST_FAILURES


async def forget_attempts(connection: Connection, email: str) -> None:
    """Forget the failures of an address whose owner has signed in."""
    await connection.execute(*_SQL["forget_attempts"](email_digest=rules.email_digest(email)))


async def forget_old_attempts(connection: Connection, before: dt.datetime) -> int:
    """Delete counts that no longer lock anything; return how many."""
    status = await connection.execute(*_SQL["forget_old_attempts"](before=before))
    return int(status.split()[-1])
