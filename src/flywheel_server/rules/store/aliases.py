"""The registry of ids: under which other names appliances report a runbook or a rule."""

import datetime as dt
from dataclasses import dataclass

from flywheel_server.core import constraints, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("aliases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another name of exactly one runbook or rule."""

    alias: str
    runbook_id: str | None
    rule_id: str | None
    source: str
    created_at: dt.datetime


async def insert(
    connection: Connection,
    alias: str,
    *,
    runbook_id: str | None,
    rule_id: str | None,
    now: dt.datetime,
) -> Alias:
    """Add an alias. Raises AlreadyExists for one in use, NotFound for an unknown runbook."""
    taken = errors.AlreadyExists(
        f"`{alias}` is an alias already: see GET /api/admin/aliases.", alias=alias
    )
    unknown = errors.NotFound("No runbook has this `runbook_id`: see GET /api/admin/runbooks.")
    with constraints.told(aliases_pkey=taken, aliases_runbook_fkey=unknown):
        row = await connection.fetchrow(
            *_SQL["insert"](alias=alias, runbook_id=runbook_id, rule_id=rule_id, now=now)
        )
    if row is None:
        raise LookupError("INSERT … RETURNING gave no row")
    return Alias(**row)


async def rule_exists(connection: Connection, rule_id: str) -> bool:
    """Say whether a rule of any scope has this id."""
    exists: bool = await connection.fetchval(*_SQL["rule_exists"](rule_id=rule_id))
    return exists


async def list_aliases(
    connection: Connection, after: str | None, *, text: str | None, source: str | None, limit: int
) -> list[Alias]:
    """Return aliases in the order of their texts; ``text`` is part of one or of its target."""
    rows = await connection.fetch(*_SQL["list"](after=after, text=text, source=source, limit=limit))
    return [Alias(**row) for row in rows]
