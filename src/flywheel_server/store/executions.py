"""Executions: the facts, their idempotency keys and their corrections."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from flywheel_server.db import Connection
from flywheel_server.domain.executions import Fact
from flywheel_server.sql import load

_SQL = load("executions")


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
    columns = list(map(list, zip(*facts, strict=True)))
    try:
        await connection.execute(_SQL["record_new"], *columns)
    except asyncpg.UniqueViolationError:
        rows = await connection.fetch(_SQL["record_fresh"], *columns)
        return {(row["site_id"], row["execution_id"]): row["digest"] for row in rows}
    return {}


async def lock(connection: Connection, site_id: UUID, execution_id: str) -> None:
    """Keep others from correcting this execution until the transaction ends."""
    await connection.execute(_SQL["lock"], site_id, execution_id)


async def versions(connection: Connection, site_id: UUID, execution_id: str) -> list[Version]:
    """Return every body received for this id, the newest first."""
    rows = await connection.fetch(_SQL["digests"], site_id, execution_id)
    return [Version(**dict(row)) for row in rows]


async def correct(connection: Connection, fact: Fact, newest: Version) -> bool:
    """Replace the fact in force by ``fact``; False when it is past its retention and gone."""
    revision = newest.revision + 1
    evidence_at = await connection.fetchval(
        _SQL["reverse"], fact.site_id, fact.execution_id, newest.received_at, revision
    )
    if evidence_at is None:
        return False
    values = fact._asdict()
    digest = values.pop("digest")
    await connection.execute(_SQL["replace"], revision, evidence_at, *values.values())
    await connection.execute(_SQL["correct"], fact.site_id, fact.execution_id, revision, digest)
    return True
