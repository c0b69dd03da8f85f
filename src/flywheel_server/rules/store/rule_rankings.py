"""Rules in order: as they were made, by success, by matches, by how near their withdrawal is.

Rules without an attempt come last in either order of success; only watched ones have a nearness.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import Statement, load
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules

_SQL = load("rule_rankings")

Sort = Literal["success", "matches", "near_withdrawal"]
Order = Literal["desc", "asc"]
_STATEMENTS: dict[tuple[Sort, Order], Statement] = {
    ("success", "desc"): _SQL["best"],
    ("success", "asc"): _SQL["worst"],
    ("matches", "desc"): _SQL["most_matched"],
    ("matches", "asc"): _SQL["least_matched"],
    ("near_withdrawal", "desc"): _SQL["nearest"],
    ("near_withdrawal", "asc"): _SQL["farthest"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A rule, and what it has its place by: a figure and its id, or its id alone."""

    rule: Rule
    key: tuple[UUID] | tuple[float, UUID]


async def page(
    connection: Connection,
    sort: Sort | None,
    order: Order,
    *,
    source: str | None,
    enabled: bool | None,
    incident_type: str | None,
    text: str | None = None,
    after: Sequence[object] | None,
    limit: int,
) -> list[Ranked]:
    """Return rules in this order (None: as they were made), those behind the key ``after``."""
    if sort is None:
        (id,) = after or (None,)
        found = await rules.page(
            connection,
            source=source,
            enabled=enabled,
            incident_type=incident_type,
            text=text,
            after=id if isinstance(id, UUID) else None,
            limit=limit,
        )
        return [Ranked(rule=rule, key=(rule.id,)) for rule in found]
    place, id = after or (None, None)
    rows = await connection.fetch(
        *_STATEMENTS[sort, order](
            source=source,
            enabled=enabled,
            incident_type=incident_type,
            place=place,
            id=id,
            limit=limit,
            text=text,
        )
    )
    named = await rules.by_ids(connection, [row["id"] for row in rows])
    return [
        Ranked(rule=named[row["id"]], key=(row["place"], row["id"]))
        for row in rows
        if row["id"] in named
    ]
