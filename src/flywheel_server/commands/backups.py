"""Reads and writes whole tables, for backups: each in the order of its columns, as COPY's text."""

import datetime as dt
from collections.abc import AsyncIterable, Callable, Coroutine
from dataclasses import asdict, dataclass
from typing import Any

from flywheel_server.core import migrations
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("backups")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table and its columns, without those that the database computes."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """The ends of the chains: of the audit, and of the evidence of all sites together."""

    audit_id: int | None
    audit_hash: str | None
    evidence_chains: int
    evidence_hash: str


async def begin(connection: Connection) -> None:
    """Begin to read everything as it is at this moment, with the rights of a backup."""
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    await connection.execute(*_SQL["begin"]())
    await connection.execute(*_SQL["keep_partitions"]())


async def tables(connection: Connection) -> list[Table]:
    """Return every table that holds data."""
    rows = await connection.fetch(*_SQL["tables"]())
    return [Table(name=row["name"], columns=tuple(row["columns"])) for row in rows]


async def partitions(connection: Connection) -> list[tuple[str, dt.date, dt.date]]:
    """Return the parent and the bounds of each partition."""
    rows = await connection.fetch(*_SQL["partitions"]())
    return [(row["parent"], row["starts"], row["ends"]) for row in rows]


async def sequences(connection: Connection) -> dict[str, int]:
    """Return the last number of each sequence that was used."""
    return {row["name"]: row["value"] for row in await connection.fetch(*_SQL["sequences"]())}


async def heads(connection: Connection) -> Heads:
    """Return the ends of both kinds of chain."""
    row = await connection.fetchrow(*_SQL["heads"]())
    return Heads(**dict(row or {}))


async def read(
    connection: Connection, table: Table, take: Callable[[bytes], Coroutine[Any, Any, None]]
) -> int:
    """Hand all rows of a table over, piece by piece; return how many there are."""
    columns = ", ".join(f'"{column}"' for column in table.columns)
    # Names from the catalogue. A table with partitions can be read by a query alone.
    done = await connection.copy_from_query(
        f'SELECT {columns} FROM public."{table.name}"',  # noqa: S608
        output=take,
    )
    return int(done.split()[-1])


async def open_for_restore(connection: Connection) -> None:
    """Let the owner write rows as they are, until ``close_after_restore``."""
    await connection.execute(*_SQL["long"]())
    await connection.execute(migrations.text("open_for_restore.sql"))


async def write(connection: Connection, table: Table, pieces: AsyncIterable[bytes]) -> int:
    """Write all rows of a table from pieces; return how many there were."""
    done = await connection.copy_to_table(
        table.name, schema_name="public", columns=table.columns, source=pieces
    )
    return int(done.split()[-1])


async def set_sequence(connection: Connection, name: str, value: int) -> None:
    """Let a sequence go on behind ``value``."""
    await connection.execute(*_SQL["set_sequence"](name=name, value=value))


async def close_after_restore(connection: Connection) -> None:
    """Check every foreign key, and bring triggers and row-level security back."""
    await connection.execute(migrations.text("close_after_restore.sql"))


async def is_empty(connection: Connection) -> bool:
    """Say whether the database holds no table of anyone's."""
    return not await connection.fetchval(*_SQL["relations"]())


def as_dict(found: Heads) -> dict[str, str | int | None]:
    """Return the heads as a manifest holds them."""
    return asdict(found)
