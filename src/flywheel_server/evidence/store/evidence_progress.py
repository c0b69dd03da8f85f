"""How far the loop has come with each site's chain of evidence."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.evidence.model.evidence import GENESIS

_SQL = load("evidence_progress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of a chain: up to where it holds, and where it does not."""

    site_id: UUID
    batched_position: int = 0
    verified_position: int = 0
    verified_hash: str = GENESIS
    pass_began_at: dt.datetime | None = None
    # When the end of the chain was last reached.
    verified_at: dt.datetime | None = None
    broken_position: int | None = None
    broken_reason: str | None = None
    broken_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(Progress):
    """A chain to look at, with its end; None: the head itself is gone."""

    head_position: int | None
    head_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A chain that does not hold."""

    site_id: UUID
    slug: str
    broken_position: int
    broken_reason: str
    broken_at: dt.datetime


async def get(connection: Connection, site_id: UUID) -> Progress | None:
    """Return what is known of a site's chain."""
    row = await connection.fetchrow(*_SQL["get"](site_id=site_id))
    return None if row is None else Progress(**row)


async def begin(connection: Connection) -> None:
    """Look after the chains of sites that are new."""
    await connection.execute(*_SQL["begin"]())


async def to_verify(
    connection: Connection, whole_since: dt.datetime, broken_since: dt.datetime, limit: int
) -> list[Due]:
    """Return chains with something new, or last gone through before then."""
    rows = await connection.fetch(
        *_SQL["to_verify"](whole_since=whole_since, broken_since=broken_since, limit=limit)
    )
    return [Due(**row) for row in rows]


async def move(connection: Connection, progress: Progress) -> None:
    """Write how far a chain was gone through."""
    await connection.execute(
        *_SQL["move"](
            site_id=progress.site_id,
            verified_position=progress.verified_position,
            verified_hash=progress.verified_hash,
            pass_began_at=progress.pass_began_at,
            verified_at=progress.verified_at,
            broken_position=progress.broken_position,
            broken_reason=progress.broken_reason,
            broken_at=progress.broken_at,
        )
    )


async def broken(connection: Connection, limit: int) -> list[Broken]:
    """Return the chains that do not hold, the longest known first."""
    return [Broken(**row) for row in await connection.fetch(*_SQL["broken"](limit=limit))]
