"""Bundles that wait, unverified, for the key that signed them; and what was dropped of them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("evidence_waiting")

Reason = Literal["room", "refused", "unverified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A bundle as it came: nothing of it is verified."""

    id: UUID
    public_key: str | None
    signature: str
    signed_data: bytes
    size_bytes: int
    bundle_hash: str
    bundle_id: str | None
    checked_at: dt.datetime
    received_at: dt.datetime
    checks: int
    results: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A waiting bundle without its text."""

    id: UUID
    public_key: str | None
    bundle_hash: str
    size_bytes: int
    checked_at: dt.datetime
    received_at: dt.datetime
    checks: int
    results: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What waits for one key; None: for whichever key signed it."""

    public_key: str | None
    bundles: int
    size_bytes: int
    since: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """What was dropped of one key's bundles on one day."""

    site_id: UUID
    slug: str
    public_key: str | None
    reason: Reason
    bundles: int
    size_bytes: int
    first_checked_at: dt.datetime
    last_checked_at: dt.datetime
    dropped_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A waiting bundle that is dropped."""

    id: UUID
    public_key: str | None
    size_bytes: int
    checked_at: dt.datetime


async def keep(
    connection: Connection,
    site_id: UUID,
    *,
    public_key: str | None,
    signature: str,
    signed_data: bytes,
    bundle_hash: str,
    bundle_id: str | None,
    checked_at: dt.datetime,
    received_at: dt.datetime,
    checks: int,
    results: dict[str, int],
) -> None:
    """Keep a bundle; again changes nothing."""
    await connection.execute(
        *_SQL["keep"](
            site_id=site_id,
            public_key=public_key,
            signature=signature,
            signed_data=signed_data,
            bundle_hash=bundle_hash,
            bundle_id=bundle_id,
            checked_at=checked_at,
            received_at=received_at,
            checks=checks,
            results=results,
        )
    )


async def surplus(connection: Connection, site_id: UUID, most: int, most_bytes: int) -> list[Gone]:
    """Return what a site has waiting beyond these bounds: the oldest."""
    return [
        Gone(**row)
        for row in await connection.fetch(
            *_SQL["surplus"](site_id=site_id, most=most, most_bytes=most_bytes)
        )
    ]


async def of_key(
    connection: Connection, site_id: UUID, public_key: str, limit: int
) -> list[Waiting]:
    """Return what a key may have signed, the oldest first."""
    rows = await connection.fetch(
        *_SQL["of_key"](site_id=site_id, public_key=public_key, limit=limit)
    )
    return [Waiting(**row) for row in rows]


async def any_of_key(connection: Connection, site_id: UUID, public_key: str) -> bool:
    """Say whether anything waits for a key."""
    return bool(
        await connection.fetchval(*_SQL["any_of_key"](site_id=site_id, public_key=public_key))
    )


async def forget(connection: Connection, site_id: UUID, ids: Sequence[UUID]) -> None:
    """Forget bundles that wait no longer."""
    await connection.execute(*_SQL["forget"](site_id=site_id, ids=ids))


async def take_refused(connection: Connection, site_id: UUID, public_key: str) -> list[Gone]:
    """Delete and return what waits for a key that was refused everywhere at its site."""
    rows = await connection.fetch(*_SQL["take_refused"](site_id=site_id, public_key=public_key))
    return [Gone(**row) for row in rows]


async def record_drop(
    connection: Connection, site_id: UUID, reason: Reason, gone: Sequence[Gone], now: dt.datetime
) -> None:
    """Record what was dropped, by key."""
    for public_key in dict.fromkeys(each.public_key for each in gone):
        own = [each for each in gone if each.public_key == public_key]
        checked = [each.checked_at for each in own]
        await connection.execute(
            *_SQL["drop"](
                site_id=site_id,
                public_key=public_key,
                reason=reason,
                bundles=len(own),
                bytes=sum(each.size_bytes for each in own),
                first_checked_at=min(checked),
                last_checked_at=max(checked),
                now=now,
            )
        )


async def due(
    connection: Connection, decided_since: dt.datetime, limit: int
) -> list[tuple[UUID, str]]:
    """Return sites with keys that count and have bundles waiting.

    What names no key may be of any key that was decided on since then.
    """
    rows = await connection.fetch(*_SQL["due"](limit=limit, decided_since=decided_since))
    return [(row["site_id"], row["public_key"]) for row in rows]


async def page(
    connection: Connection,
    site_id: UUID,
    *,
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
) -> list[Listed]:
    """Return what waits at a site, the oldest first."""
    received_at, id = after or (None, None)
    rows = await connection.fetch(
        *_SQL["page"](site_id=site_id, received_at=received_at, id=id, limit=limit)
    )
    return [Listed(**row) for row in rows]


async def totals(connection: Connection, site_id: UUID) -> list[Total]:
    """Return how much waits at a site for each key."""
    return [Total(**row) for row in await connection.fetch(*_SQL["totals"](site_id=site_id))]


async def drops(
    connection: Connection,
    since: dt.datetime,
    *,
    site_id: UUID | None = None,
    reason: Reason | None = None,
    limit: int,
) -> list[Drop]:
    """Return what was dropped since then, the newest first."""
    rows = await connection.fetch(
        *_SQL["drops"](since=since, site_id=site_id, reason=reason, limit=limit)
    )
    return [Drop(**row) for row in rows]
