"""Opens and ends sessions, and changes passwords: what people do for themselves.

Who acts is who has just proven who they are; the connection has the rights of authentication.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.actions import tokens
from flywheel_server.accounts.store import one_time_links, people, sessions
from flywheel_server.accounts.store.people import User
from flywheel_server.core import audit, errors, listener, people as rules
from flywheel_server.core.db import Connection, announce
from flywheel_server.core.scope import Session

_LONGEST_AGENT = 200
_LONGEST_ADDRESS = 100
SPENT = "The link is unknown, used up or expired: ask for a new one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """From where somebody signs in, for them to know the session by."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new session: its token is shown once."""

    user: User
    token: str
    expires_at: dt.datetime


async def open_for(
    connection: Connection,
    user_id: UUID,
    how: str,
    device: Device,
    now: dt.datetime,
    lasts: dt.timedelta,
) -> Opened:
    """Open a session of a person who proved who they are. Raises Unauthenticated when disabled."""
    user = await people.authenticated(connection, user_id)
    if user is None:
        raise errors.Unauthenticated(SPENT)
    token = tokens.make()
    session_id = await sessions.insert(
        connection,
        user_id=user.id,
        digest=token.digest,
        address=_clean(device.address, _LONGEST_ADDRESS),
        user_agent=_clean(device.user_agent, _LONGEST_AGENT),
        now=now,
        expires_at=now + lasts,
    )
    await _record(connection, user, "session.open", "session", session_id, now, {"by": how})
    return Opened(user=user, token=token.text, expires_at=now + lasts)


async def redeem(
    connection: Connection, token: str, device: Device, now: dt.datetime, lasts: dt.timedelta
) -> Opened:
    """Open a session by a sign-in link, which is used up. Raises Unauthenticated when spent."""
    user_id = await one_time_links.use(connection, tokens.digest(token), "sign_in", now)
    if user_id is None:
        raise errors.Unauthenticated(SPENT)
    return await open_for(connection, user_id, "link", device, now, lasts)


async def accept_invitation(
    connection: Connection,
    token: str,
    hashed: str,
    device: Device,
    now: dt.datetime,
    lasts: dt.timedelta,
) -> Opened:
    """Set the password of whoever holds the invitation, and open their only session.

    Raises Unauthenticated for a spent one.
    """
    user_id = await one_time_links.use(connection, tokens.digest(token), "invitation", now)
    user = None if user_id is None else await people.authenticated(connection, user_id)
    if user is None:
        raise errors.Unauthenticated(SPENT)
    await _set_password(connection, user, hashed, now, keep=None)
    return await open_for(connection, user.id, "invitation", device, now, lasts)


async def change_password(
    connection: Connection, session: Session, hashed: str, now: dt.datetime
) -> None:
    """Replace one's own password and end one's other sessions."""
    user = await people.authenticated(connection, session.user_id)
    if user is None:
        raise errors.Unauthenticated("The account is disabled.")
    await _set_password(connection, user, hashed, now, keep=session.digest)


async def end(connection: Connection, session: Session, session_id: UUID, now: dt.datetime) -> None:
    """End one of one's own sessions, at once. Raises NotFound for an unknown or foreign one."""
    digest = await sessions.end(connection, session.user_id, session_id)
    if digest is None:
        raise errors.NotFound("You have no session with this id: see GET /api/auth/sessions.")
    await announce(connection, listener.CREDENTIALS, digest.hex())
    user = await people.authenticated(connection, session.user_id)
    if user is not None:
        await _record(connection, user, "session.end", "session", session_id, now, None)


async def end_all(connection: Connection, session: Session, now: dt.datetime) -> int:
    """Sign out everywhere, at once; return how many sessions that ended."""
    ended = await _end_others(connection, session.user_id, keep=None)
    user = await people.authenticated(connection, session.user_id)
    if user is not None:
        await _record(connection, user, "session.end_all", "user", user.id, now, {"ended": ended})
    return ended


async def forget_old(
    connection: Connection, now: dt.datetime, idle: dt.timedelta
) -> dict[str, int]:
    """Delete expired sessions, links and counts of failures; return how many, by name."""
    return {
        "sessions_deleted": await sessions.forget(connection, now, now - idle),
        "one_time_links_deleted": await one_time_links.forget_old(connection, now),
        "sign_in_failures_deleted": await sessions.forget_old_attempts(
            connection, now - rules.LOCK_LASTS
        ),
    }


async def _set_password(
    connection: Connection, user: User, hashed: str, now: dt.datetime, keep: bytes | None
) -> None:
    await people.set_password_hash(connection, user.id, hashed)
    # Whoever knew the old one, or holds a link, is out.
    await one_time_links.forget_of_user(connection, user.id)
    await _end_others(connection, user.id, keep=keep)
    await sessions.forget_attempts(connection, user.email)
    await _record(connection, user, "user.password", "user", user.id, now, None)


async def _end_others(connection: Connection, user_id: UUID, keep: bytes | None) -> int:
    digests = await sessions.end_all(connection, user_id, but=keep)
    for digest in digests:
        await announce(connection, listener.CREDENTIALS, digest.hex())
    return len(digests)


async def _record(
    connection: Connection,
    user: User,
    action: str,
    object_kind: str,
    object_id: UUID,
    now: dt.datetime,
    after: dict[str, object] | None,
) -> None:
    await audit.record(
        connection,
        user.scope,
        action,
        object_kind=object_kind,
        object_id=str(object_id),
        now=now,
        after=after,
        partner_id=user.partner_id,
        organization_id=user.organization_id,
    )


def _clean(text: str, longest: int) -> str:
    return "".join(c for c in text if c.isprintable())[:longest].encode("utf-8", "replace").decode()
