"""Who tenants are and how large, for operators: names by id, ids by name, counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection, Record
from flywheel_server.core.sql import load

_SQL = load("tenants")
_MOST_NAMED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many of each a partner or an organization has; disabled people do not count."""

    organizations: int
    sites: int
    people: int


NOTHING = Size(organizations=0, sites=0, people=0)


async def names(connection: Connection, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return what these partners, organizations and sites are called."""
    wanted = sorted({id for id in ids if id is not None})
    rows = await connection.fetch(*_SQL["names"](wanted=wanted))
    return {row["id"]: row["name"] for row in rows}


async def named(connection: Connection, text: str) -> list[UUID]:
    """Return the partners, organizations and sites with ``text`` in their names."""
    return [
        row["id"]
        for row in await connection.fetch(*_SQL["named"](text=text, most_named=_MOST_NAMED))
    ]


async def of_partners(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Size]:
    """Return how large these partners are."""
    return _sizes(await connection.fetch(*_SQL["of_partners"](ids=ids)))


async def of_organizations(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Size]:
    """Return how large these organizations are."""
    return _sizes(await connection.fetch(*_SQL["of_organizations"](ids=ids)))


async def appliances(connection: Connection, site_id: UUID, limit: int) -> list[tuple[str, str]]:
    """Return the ids and host names of a site's appliances."""
    rows = await connection.fetch(*_SQL["appliances"](site_id=site_id, limit=limit))
    return [(row["wire_id"], row["hostname"] or "") for row in rows]


def _sizes(rows: Sequence[Record]) -> dict[UUID, Size]:
    return {
        row["id"]: Size(
            organizations=row["organizations"], sites=row["sites"], people=row["people"]
        )
        for row in rows
    }
