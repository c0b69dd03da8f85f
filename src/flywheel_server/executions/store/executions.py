"""Executions: the facts, their idempotency keys and their corrections."""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import asyncpg

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.executions.model.executions import Fact

_SQL = load("executions")


_NO_TEXTS = frozenset(
    {
        "site_id", "digest", "occurred_at", "appliance_id", "verified", "duration_seconds",
        "confidence", "cost_usd", "input_tokens", "output_tokens",
    }
)  # fmt: skip
_ARE_TEXTS = [name not in _NO_TEXTS for name in Fact._fields]
# What no agent is known to write: the end of a text, and one that is not there.
_USUAL_MARKS = ("\x1f", "\x1e")
_Column = Sequence[object] | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One body that was received for an execution id; revision 0 is the first."""

    digest: bytes
    revision: int
    received_at: dt.datetime


async def record(
    connection: Connection, facts: Sequence[Fact]
) -> dict[tuple[UUID, str], bytes | None]:
    """Write ``facts`` (distinct keys) in one statement, outside of any transaction.

    Returns those whose key was taken, with the digest of the body that took it first, or None
    when another transaction took it this very moment.
    """
    columns = _columns(facts)
    try:
        await connection.execute(*_SQL["record_new"](**columns))
    except asyncpg.UniqueViolationError:
        rows = await connection.fetch(*_SQL["record_fresh"](**columns))
        return {(row["site_id"], row["execution_id"]): row["digest"] for row in rows}
    return {}


def _columns(facts: Sequence[Fact]) -> dict[str, _Column]:
    """Return what ``record_new`` takes: a list for each field, of texts as one text, and the marks.

    To encode a list asks of each of its values what it is, which costs three times as much as to
    join it.
    """
    columns = list(zip(*facts, strict=True))
    marks, found = _USUAL_MARKS, _marked(columns, _USUAL_MARKS)
    while found is None:
        # Somebody did write one of them.
        marks = (secrets.token_hex(16), secrets.token_hex(16))
        found = _marked(columns, marks)
    end, nothing = marks
    return {**dict(zip(Fact._fields, found, strict=True)), "end": end, "nothing": nothing}


def _marked(columns: Sequence[tuple[object, ...]], marks: tuple[str, str]) -> list[_Column] | None:
    """Return the columns with these marks, or None where they also stand within a text."""
    end, nothing = marks
    found: list[_Column] = []
    for column, are_texts in zip(columns, _ARE_TEXTS, strict=True):
        missing = column.count(None)
        if not are_texts or missing == len(column):
            # What nobody said is filled up with NULL.
            found.append(column if missing < len(column) else None)
            continue
        texts = cast("tuple[str, ...]", column)
        if missing:
            texts = tuple(nothing if text is None else text for text in texts)
        joined = end.join(texts) + end
        if joined.count(end) != len(column) or joined.count(nothing) != missing:
            return None
        found.append(joined)
    return found


async def add(connection: Connection, fact: Fact) -> bool:
    """Write a fact within a transaction; False where its key is taken."""
    return not await connection.fetch(*_SQL["record_fresh"](**_columns([fact])))


async def lock(connection: Connection, site_id: UUID, execution_id: str) -> None:
    """Keep others from correcting this execution until the transaction ends."""
    await connection.execute(*_SQL["lock"](site_id=site_id, execution_id=execution_id))


async def versions(connection: Connection, site_id: UUID, execution_id: str) -> list[Version]:
    """Return every body received for this id, the newest first."""
    rows = await connection.fetch(*_SQL["digests"](site_id=site_id, execution_id=execution_id))
    return [Version(**dict(row)) for row in rows]


async def correct(connection: Connection, fact: Fact, newest: Version) -> bool:
    """Replace the fact in force by ``fact``; False when it is past its retention and gone."""
    evidence_at = await reverse(connection, fact.site_id, fact.execution_id, newest)
    if evidence_at is None:
        return False
    revision = newest.revision + 1
    values = fact._asdict()
    digest = values.pop("digest")
    await connection.execute(*_SQL["replace"](revision=revision, evidence_at=evidence_at, **values))
    await note_version(connection, fact.site_id, fact.execution_id, revision, digest)
    return True


async def reverse(
    connection: Connection, site_id: UUID, execution_id: str, newest: Version
) -> dt.datetime | None:
    """Take the fact in force back; return when its successor was evidence, None if it is gone."""
    found: dt.datetime | None = await connection.fetchval(
        *_SQL["reverse"](
            site_id=site_id,
            execution_id=execution_id,
            received_at=newest.received_at,
            revision=newest.revision + 1,
        )
    )
    return found


async def note_version(
    connection: Connection, site_id: UUID, execution_id: str, revision: int, digest: bytes
) -> None:
    """Keep what a version came of: the digest of a body, or the name of what proved it."""
    await connection.execute(
        *_SQL["correct"](
            site_id=site_id, execution_id=execution_id, revision=revision, digest=digest
        )
    )
