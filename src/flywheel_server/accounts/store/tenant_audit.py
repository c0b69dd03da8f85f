"""The audit of one partner or organization: who changed what of theirs, the newest first.

Row-level security decides what concerns the caller; no filter here widens that.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.model.audit_words import ACTIONS
from flywheel_server.core.called import called
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("tenant_audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change: its actor, its object, its site if it has one, and what was before and after."""

    id: int
    at: dt.datetime
    actor_kind: str
    actor: str
    action: str
    object_kind: str
    object_id: str
    site_id: UUID | None
    slug: str | None
    site_name: str | None
    before: dict[str, object] | None
    after: dict[str, object] | None
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which changes are wanted; None wants all."""

    site_id: UUID | None = None
    action: str | None = None
    actor_kind: str | None = None
    # Looked for in who did it, what was done to what, and in what it was before and after.
    text: str | None = None
    since: dt.datetime | None = None


async def page(
    connection: Connection, wanted: Filters, before: int | None, limit: int
) -> list[Change]:
    """Return the newest changes first, those below the id ``before``."""
    rows = await connection.fetch(
        *_SQL["list"](
            before=before,
            site_id=wanted.site_id,
            action=wanted.action,
            actor_kind=wanted.actor_kind,
            text=wanted.text,
            since=wanted.since,
            limit=limit,
            called=called(wanted.text, ACTIONS),
        )
    )
    return [Change(**row) for row in rows]
