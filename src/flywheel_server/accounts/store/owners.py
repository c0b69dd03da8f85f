"""Names of the tenants that rules belong to, whatever their kind."""

from collections.abc import Collection
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("owners")


async def names(connection: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of partners, organizations and sites by their ids."""
    rows = await connection.fetch(*_SQL["names"](ids=list(ids)))
    return {row["id"]: row["name"] for row in rows}


async def called(connection: Connection, kind: str, name: str) -> list[UUID]:
    """Return the tenants of a kind with this name, in any case; a site by its wire id too."""
    rows = await connection.fetch(*_SQL["called"](kind=kind, name=name))
    return [row["id"] for row in rows]


async def some(connection: Connection, limit: int) -> list[str]:
    """Return names of partners and organizations, and what appliances call sites."""
    return [row["name"] for row in await connection.fetch(*_SQL["some"](limit=limit))]
