"""Bearer keys of sites, partners and operators. Nothing here shows a key or its digest."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.called import KEYS, called
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is known of a key; it belongs to exactly one site, partner or operator."""

    id: UUID
    site_id: UUID | None = None
    appliance_id: UUID | None = None
    partner_id: UUID | None = None
    operator_id: UUID | None = None
    label: str
    created_at: dt.datetime
    revoked_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A key as people see it: with the names its site and appliance have on the wire."""

    id: UUID
    slug: str | None
    wire_id: str | None
    partner_id: UUID | None
    operator_id: UUID | None
    label: str
    created_at: dt.datetime
    revoked_at: dt.datetime | None


async def insert(
    connection: Connection,
    *,
    digest: bytes,
    label: str,
    now: dt.datetime,
    site_id: UUID | None = None,
    appliance_id: UUID | None = None,
    partner_id: UUID | None = None,
    operator_id: UUID | None = None,
) -> Key:
    """Keep the SHA-256 of a new key, with its one owner."""
    row = await connection.fetchrow(
        *_SQL["insert"](
            site_id=site_id,
            appliance_id=appliance_id,
            partner_id=partner_id,
            operator_id=operator_id,
            label=label,
            digest=digest,
            now=now,
        )
    )
    if row is None:
        raise LookupError("INSERT … RETURNING gave no row")
    return Key(**row)


async def lock(connection: Connection, key_id: UUID) -> Key | None:
    """Return a key and keep others from revoking it until the end."""
    row = await connection.fetchrow(*_SQL["lock"](key_id=key_id))
    return None if row is None else Key(**row)


async def lock_of_partner(connection: Connection, partner_id: UUID, key_id: UUID) -> Key | None:
    """Return one of a partner's own keys and keep others from revoking it until the end."""
    row = await connection.fetchrow(*_SQL["lock_of_partner"](partner_id=partner_id, key_id=key_id))
    return None if row is None else Key(**row)


async def revoke(connection: Connection, key_id: UUID, now: dt.datetime) -> bytes | None:
    """Revoke a key; return its digest, which caches must forget, or None when it was revoked."""
    digest: bytes | None = await connection.fetchval(*_SQL["revoke"](key_id=key_id, now=now))
    return digest


async def revoke_of_operator(
    connection: Connection, operator_id: UUID, now: dt.datetime
) -> list[bytes]:
    """Revoke an operator's tokens for good; return their digests, which caches must forget."""
    rows = await connection.fetch(*_SQL["revoke_of_operator"](operator_id=operator_id, now=now))
    return [row["digest"] for row in rows]


async def digests_of_operator(connection: Connection, operator_id: UUID) -> list[bytes]:
    """Return the digests of an operator's living tokens, which caches may hold."""
    rows = await connection.fetch(*_SQL["digests_of_operator"](operator_id=operator_id))
    return [row["digest"] for row in rows]


async def list_keys(
    connection: Connection,
    *,
    after: UUID | None,
    site_id: UUID | None,
    partner_id: UUID | None,
    text: str | None,
    limit: int,
) -> list[Listed]:
    """Return keys, oldest first, revoked ones too; ``text`` is in what is shown."""
    rows = await connection.fetch(
        *_SQL["list"](
            after=after,
            site_id=site_id,
            partner_id=partner_id,
            limit=limit,
            text=text,
            called=called(text, KEYS),
        )
    )
    return [Listed(**row) for row in rows]


async def list_of_partner(
    connection: Connection,
    partner_id: UUID,
    *,
    text: str | None,
    valid: bool | None,
    after: UUID | None,
    limit: int,
) -> list[Key]:
    """Return a partner's own keys, oldest first; revoked ones too, unless ``valid`` says."""
    rows = await connection.fetch(
        *_SQL["list_of_partner"](
            partner_id=partner_id,
            after=after,
            text=text,
            valid=valid,
            limit=limit,
            called=called(text, KEYS),
        )
    )
    return [Key(**row) for row in rows]
