"""The keys that appliances sign evidence with."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.fleet.model.appliances import KeyState

_SQL = load("evidence_keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceKey:
    """A public key that an appliance has shown."""

    id: UUID
    site_id: UUID
    # None: no appliance has shown it, only bundles.
    appliance_id: UUID | None
    public_key: str
    state: KeyState
    seen_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownKey(EvidenceKey):
    """A key with the names of its place."""

    slug: str
    wire_id: str | None
    # What waits for it.
    bundles: int
    size_bytes: int


async def see(
    connection: Connection,
    site_id: UUID,
    appliance_id: UUID,
    public_key: str,
    now: dt.datetime,
    most: int,
) -> KeyState | None:
    """Keep a key that an appliance shows; return its state, None if nothing was added."""
    state: KeyState | None = await connection.fetchval(
        *_SQL["see"](
            site_id=site_id, appliance_id=appliance_id, public_key=public_key, now=now, most=most
        )
    )
    return state


async def claim(
    connection: Connection,
    site_id: UUID,
    appliance_id: UUID,
    public_key: str,
    now: dt.datetime,
) -> KeyState | None:
    """Make a key that only bundles have shown an appliance's; None if it is none of those."""
    state: KeyState | None = await connection.fetchval(
        *_SQL["claim"](site_id=site_id, appliance_id=appliance_id, public_key=public_key, now=now)
    )
    return state


async def see_unknown(
    connection: Connection, site_id: UUID, public_key: str, now: dt.datetime, most: int
) -> bool:
    """Keep a key that only bundles have shown; False where a site has too many of them."""
    return bool(
        await connection.fetchval(
            *_SQL["see_unknown"](site_id=site_id, public_key=public_key, now=now, most=most)
        )
    )


async def assign(connection: Connection, site_id: UUID, id: UUID, appliance_id: UUID) -> None:
    """Say whose key it is."""
    await connection.execute(*_SQL["assign"](site_id=site_id, id=id, appliance_id=appliance_id))


async def of_site(
    connection: Connection,
    site_id: UUID,
    *,
    appliance_id: UUID | None = None,
    public_key: str | None = None,
) -> list[EvidenceKey]:
    """Return the keys of a site, or of one of its appliances, in the order they were seen."""
    rows = await connection.fetch(
        *_SQL["of_site"](site_id=site_id, appliance_id=appliance_id, public_key=public_key)
    )
    return [EvidenceKey(**row) for row in rows]


async def lock(connection: Connection, site_id: UUID, id: UUID) -> EvidenceKey | None:
    """Return a key of a site and keep others from changing it until the end."""
    row = await connection.fetchrow(*_SQL["lock"](site_id=site_id, id=id))
    return None if row is None else EvidenceKey(**row)


async def get(connection: Connection, site_id: UUID, id: UUID) -> EvidenceKey | None:
    """Return a key of a site."""
    row = await connection.fetchrow(*_SQL["get"](site_id=site_id, id=id))
    return None if row is None else EvidenceKey(**row)


async def retire(
    connection: Connection, site_id: UUID, appliance_id: UUID, now: dt.datetime, by: str
) -> None:
    """End the key that an appliance has signed with so far."""
    await connection.execute(
        *_SQL["retire"](site_id=site_id, appliance_id=appliance_id, now=now, by=by)
    )


async def decide(
    connection: Connection, site_id: UUID, id: UUID, state: KeyState, now: dt.datetime, by: str
) -> None:
    """Set what a key is from now on."""
    await connection.execute(*_SQL["decide"](site_id=site_id, id=id, state=state, now=now, by=by))


async def page(
    connection: Connection,
    *,
    state: KeyState | None,
    site_id: UUID | None,
    after: UUID | None,
    text: str | None = None,
    id: UUID | None = None,
    limit: int,
) -> list[ShownKey]:
    """Return keys in the order they were seen; ``text`` is part of a key or of its place."""
    rows = await connection.fetch(
        *_SQL["page"](state=state, site_id=site_id, after=after, text=text, id=id, limit=limit)
    )
    return [ShownKey(**row) for row in rows]
