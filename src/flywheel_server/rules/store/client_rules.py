"""The rules that an organization's sites may get, with what each did there and who approved it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules

_SQL = load("client_rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRule:
    """A rule as an organization knows it."""

    rule: Rule
    runbook_name: str | None
    # The site that it was learnt at or written for, if it is one site's.
    site_id: UUID | None
    slug: str | None
    site_name: str | None
    # At the organization's own sites alone.
    successes: int
    failures: int
    last_seen_at: dt.datetime | None
    # The decision that first approved it, if a person did.
    approved_tier: str | None
    approved_by: str | None
    approved_at: dt.datetime | None
    custom_name: str | None
    # What was known then.
    evidence: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which rules are wanted; None wants all."""

    site_id: UUID | None = None
    source: str | None = None
    enabled: bool | None = None
    # Looked for in its names, its id and what it heals.
    text: str | None = None


async def page(
    connection: Connection, wanted: Filters, before: UUID | None, limit: int
) -> list[ClientRule]:
    """Return rules, the newest first, those made before the one with the id ``before``."""
    found = await connection.fetch(
        *_SQL["page"](
            site_id=wanted.site_id,
            source=wanted.source,
            enabled=wanted.enabled,
            text=wanted.text,
            before=before,
            limit=limit,
            id=None,
        )
    )
    known = await rules.by_ids(connection, [row["id"] for row in found])
    return [_rule(dict(row), known) for row in found]


async def get(connection: Connection, id: UUID) -> ClientRule | None:
    """Return one rule."""
    row = await connection.fetchrow(
        *_SQL["page"](
            site_id=None, source=None, enabled=None, text=None, before=None, limit=1, id=id
        )
    )
    if row is None:
        return None
    return _rule(dict(row), await rules.by_ids(connection, [id]))


def _rule(row: dict[str, Any], known: dict[UUID, Rule]) -> ClientRule:
    return ClientRule(rule=known[row.pop("id")], **row)
