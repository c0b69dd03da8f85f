"""Runbooks, and the registry of every other id under which appliances name them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server import errors
from flywheel_server.db import Connection
from flywheel_server.sql import load

_SQL = load("runbooks")
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


async def insert_runbook(
    connection: Connection, *, runbook_id: str, name: str, platform: str, executable: bool
) -> UUID:
    """Add an operator's runbook with its own id and its colon forms as aliases; return its id.

    Raises AlreadyExists when the id, or one of the aliases, is taken.
    """
    made: UUID | None = await connection.fetchval(
        _SQL["insert"], runbook_id, name, platform, executable
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
        _SQL["insert_aliases"], [alias for alias, _ in pairs], [each for _, each in pairs], source
    )
    return len(rows)


def aliases_of(runbook_id: str) -> list[str]:
    """Return the ids under which appliances name a runbook, its own first."""
    return [runbook_id, *(f"{action}:{runbook_id}" for action in _COLON_ACTIONS)]


async def get(connection: Connection, runbook_id: str) -> Runbook | None:
    """Return the runbook with this id."""
    row = await connection.fetchrow(_SQL["get"], runbook_id)
    return None if row is None else Runbook(**dict(row))


async def page(connection: Connection, after: str | None, limit: int) -> list[Runbook]:
    """Return runbooks in the order of their ids, those behind ``after``."""
    return [Runbook(**dict(row)) for row in await connection.fetch(_SQL["page"], after, limit)]


async def load_catalogue(
    connection: Connection, runbooks: Iterable[tuple[str, str, str, bool]]
) -> int:
    """Add or renew (runbook_id, name, platform, executable); return how many changed."""
    columns = [list(column) for column in zip(*runbooks, strict=True)]
    return len(await connection.fetch(_SQL["load_catalogue"], *columns))
