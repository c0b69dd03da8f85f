"""Runbooks, and the registry of every other id under which appliances name them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("runbooks")
_MOST_FORMS = 20
_MOST_IDS = 3_000
# Agents write an action and its runbook as one word, too.
_COLON_ACTIONS = ("run_windows_runbook", "run_linux_runbook", "run_runbook")

Origin = Literal["catalogue", "operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """A named procedure: for which platform, and whether appliances can execute it."""

    id: UUID
    runbook_id: str
    name: str
    platform: str
    executable: bool
    source: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Where a runbook is used: enabled rules, and what L2 ran of it."""

    rules: int
    sites: int
    executions: int


async def insert_runbook(
    connection: Connection, *, runbook_id: str, name: str, platform: str, executable: bool
) -> UUID:
    """Add an operator's runbook with its own id and its colon forms as aliases; return its id.

    Raises AlreadyExists when the id, or one of the aliases, is taken.
    """
    made: UUID | None = await connection.fetchval(
        *_SQL["insert"](runbook_id=runbook_id, name=name, platform=platform, executable=executable)
    )
    if made is None:
        raise errors.AlreadyExists("There is a runbook with this id: choose another id.")
    wanted = aliases_of(runbook_id)
    if await insert_aliases(connection, [runbook_id], "operator") < len(wanted):
        raise errors.AlreadyExists(
            f"One of {', '.join(wanted)} is an alias of something else: choose another id."
        )
    return made


async def insert_aliases(connection: Connection, runbook_ids: Iterable[str], source: Origin) -> int:
    """Add the aliases of runbooks that are not there yet; return how many were added."""
    pairs = [(alias, each) for each in runbook_ids for alias in aliases_of(each)]
    rows = await connection.fetch(
        *_SQL["insert_aliases"](
            alias=[alias for alias, _ in pairs], aliases=[each for _, each in pairs], source=source
        )
    )
    return len(rows)


def aliases_of(runbook_id: str) -> list[str]:
    """Return the ids under which appliances name a runbook, its own first."""
    return [runbook_id, *(f"{action}:{runbook_id}" for action in _COLON_ACTIONS)]


async def get(connection: Connection, runbook_id: str) -> Runbook | None:
    """Return the runbook with this id."""
    row = await connection.fetchrow(*_SQL["get"](runbook_id=runbook_id))
    return None if row is None else Runbook(**dict(row))


async def page(
    connection: Connection,
    *,
    after: str | None,
    text: str | None = None,
    platform: str | None = None,
    executable: bool | None = None,
    limit: int,
) -> list[Runbook]:
    """Return runbooks in the order of their ids; ``text`` is part of an id, a form or a name."""
    rows = await connection.fetch(
        *_SQL["page"](after=after, text=text, platform=platform, executable=executable, limit=limit)
    )
    return [Runbook(**dict(row)) for row in rows]


async def forms(connection: Connection, runbook_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return under which ids agents write these runbooks."""
    found: dict[str, list[str]] = {each: [] for each in runbook_ids}
    for row in await connection.fetch(
        *_SQL["forms"](runbook_ids=runbook_ids, most_forms=_MOST_FORMS)
    ):
        found[row["runbook_id"]].append(row["alias"])
    return found


async def uses(connection: Connection, runbook_ids: Sequence[str]) -> dict[str, Use]:
    """Return where these runbooks are used."""
    rows = await connection.fetch(*_SQL["uses"](runbook_ids=runbook_ids))
    return {
        row["runbook_id"]: Use(rules=row["rules"], sites=row["sites"], executions=row["executions"])
        for row in rows
    }


async def ids(connection: Connection) -> dict[str, bool]:
    """Return everything that an id may stand for, and whether it is a rule."""
    return {
        row["id"]: row["rule"] for row in await connection.fetch(*_SQL["ids"](most_ids=_MOST_IDS))
    }


async def names(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return what runbooks and rules are called, by their ids."""
    rows = await connection.fetch(*_SQL["names"](ids=list(ids)))
    return {row["id"]: row["name"] for row in rows}


async def load_catalogue(
    connection: Connection, runbooks: Iterable[tuple[str, str, str, bool]]
) -> int:
    """Add or renew (runbook_id, name, platform, executable); return how many changed."""
    ids, names, platforms, executable = zip(*runbooks, strict=True)
    rows = await connection.fetch(
        *_SQL["load_catalogue"](
            runbook_ids=ids, names=names, platforms=platforms, executable=executable
        )
    )
    return len(rows)
