"""Invitations and sign-in links, known by their SHA-256 alone; using one deletes it."""

import datetime as dt
from typing import Literal
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("one_time_links")

Kind = Literal["invitation", "sign_in"]


async def insert(
    connection: Connection,
    *,
    user_id: UUID,
    kind: Kind,
    digest: bytes,
    now: dt.datetime,
    expires_at: dt.datetime,
) -> None:
    """Keep a new link."""
    await connection.execute(
        *_SQL["insert"](user_id=user_id, kind=kind, digest=digest, now=now, expires_at=expires_at)
    )


async def forget_of_user(connection: Connection, user_id: UUID, kind: Kind | None = None) -> None:
    """Delete a person's links, of one kind or all."""
    await connection.execute(*_SQL["forget_of_user"](user_id=user_id, kind=kind))


async def live_of_user(connection: Connection, user_id: UUID, kind: Kind, now: dt.datetime) -> int:
    """Return how many links of a kind a person could use now."""
    count: int = await connection.fetchval(
        *_SQL["live_of_user"](user_id=user_id, kind=kind, now=now)
    )
    return count


async def find(
    connection: Connection, digest: bytes, kind: Kind, now: dt.datetime
) -> tuple[UUID, str] | None:
    """Return whose link this is, with their address, unless it expired or they are disabled."""
    row = await connection.fetchrow(*_SQL["find"](digest=digest, kind=kind, now=now))
    return None if row is None else (row["user_id"], row["email"])


async def use(connection: Connection, digest: bytes, kind: Kind, now: dt.datetime) -> UUID | None:
    """Use a link up; return whose it was, or None when it is unknown, used or expired."""
    found: UUID | None = await connection.fetchval(*_SQL["use"](digest=digest, kind=kind, now=now))
    return found


async def forget_old(connection: Connection, now: dt.datetime) -> int:
    """Delete expired links; return how many."""
    status = await connection.execute(*_SQL["forget_old"](now=now))
    return int(status.split()[-1])
