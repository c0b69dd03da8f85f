"""The audit: who did what, newest first, and whether its chain still holds."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.model.audit_words import ACTIONS
from flywheel_server.core.called import called
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("audit")
_BATCH = 1_000
_BEFORE_THE_FIRST = b"\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change: its actor, its object, and what that was before and after."""

    id: int
    at: dt.datetime
    actor_kind: str
    actor_id: UUID | None
    actor: str
    action: str
    object_kind: str
    object_id: str
    partner_id: UUID | None
    organization_id: UUID | None
    site_id: UUID | None
    before: dict[str, object] | None
    after: dict[str, object] | None
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which entries are wanted; None wants all."""

    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    actor: str | None = None
    partner_id: UUID | None = None
    organization_id: UUID | None = None
    site_id: UUID | None = None
    # Part of the actor, the action or the object.
    text: str | None = None
    # Of any of these partners, organizations and sites.
    tenants: Sequence[UUID] | None = None
    since: dt.datetime | None = None
    actor_kind: str | None = None


async def list_entries(
    connection: Connection, wanted: Filters, before: int | None, limit: int
) -> list[Entry]:
    """Return the newest entries first, those below the id ``before``."""
    rows = await connection.fetch(
        *_SQL["list"](
            before=before,
            action=wanted.action,
            object_kind=wanted.object_kind,
            object_id=wanted.object_id,
            actor=wanted.actor,
            partner_id=wanted.partner_id,
            organization_id=wanted.organization_id,
            site_id=wanted.site_id,
            text=wanted.text,
            tenants=wanted.tenants,
            since=wanted.since,
            actor_kind=wanted.actor_kind,
            limit=limit,
            called=called(wanted.text, ACTIONS),
        )
    )
    return [Entry(**row) for row in rows]


async def length(connection: Connection) -> int:
    """Return how many entries the chain has."""
    head = await connection.fetchrow(*_SQL["head"]())
    return 0 if head is None else int(head["id"])


async def first_break(connection: Connection) -> int | None:
    """Return the id of the first entry that is missing or not as it was written, or None.

    Recomputes every hash, entry by entry, and compares the last with the head, which stands apart
    so that cutting the end off shows. Entries appended meanwhile are checked as well.
    """
    last, expected = 0, _BEFORE_THE_FIRST
    while True:
        rows = await connection.fetch(*_SQL["chain"](last=last, batch=_BATCH))
        for row in rows:
            if row["id"] != last + 1:
                return last + 1
            if row["previous_hash"] != expected or row["hash"] != row["recomputed"]:
                return last + 1
            last, expected = row["id"], row["hash"]
        if len(rows) == _BATCH:
            continue
        head = await connection.fetchrow(*_SQL["head"]())
        newest = 0 if head is None else head["id"]
        if newest > last and not await connection.fetch(*_SQL["chain"](last=last, batch=1)):
            return last + 1
        if newest > last:
            continue
        if newest < last:
            return newest + 1
        return None if head is None or head["hash"] == expected else last
