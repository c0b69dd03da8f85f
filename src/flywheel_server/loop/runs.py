"""The loop's lease and the record of every step it ran."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.core.step import Counts

_SQL = load("runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one step."""

    turn_id: UUID
    holder: UUID
    step: str
    started_at: dt.datetime
    ended_at: dt.datetime
    # What it looked at, and what it changed, all together.
    rows_in: int
    rows_out: int
    # What these are, by name, but for those that are 0; None: an earlier release recorded the run.
    counts: Counts | None
    # A sentence for operators; None: it went well.
    error: str | None
    id: UUID | None = None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Who holds the loop, and how long ago the last turn started."""

    holder: UUID
    seconds_since_turn: float
    seconds_left: float


async def let_go_after(connection: Connection, seconds: float) -> None:
    """Have the database end this transaction when its process says nothing for so long."""
    await connection.execute(*_SQL["let_go_after"](milliseconds=str(max(int(seconds * 1000), 1))))


async def claim(connection: Connection, holder: UUID, lease: float, interval: float) -> bool:
    """Start the turn that is due, if it is ours to start. ``lease`` and ``interval`` in seconds."""
    row = await connection.fetchrow(
        *_SQL["claim"](
            holder=holder,
            lease=dt.timedelta(seconds=lease),
            interval=dt.timedelta(seconds=interval),
        )
    )
    return row is not None


async def renew(connection: Connection, holder: UUID, lease: float) -> bool:
    """Keep the lease for another ``lease`` seconds; False when it is no longer ours."""
    return bool(
        await connection.fetchval(*_SQL["renew"](holder=holder, lease=dt.timedelta(seconds=lease)))
    )


async def release(connection: Connection, holder: UUID) -> None:
    """Let the next process take the loop over at once."""
    await connection.execute(*_SQL["release"](holder=holder))


async def status(connection: Connection) -> Status | None:
    """Return who holds the loop, or None before its first turn."""
    row = await connection.fetchrow(*_SQL["status"]())
    return None if row is None else Status(**dict(row))


async def record(connection: Connection, run: Run) -> None:
    """Keep the record of a run."""
    await connection.execute(
        *_SQL["record"](
            turn_id=run.turn_id,
            holder=run.holder,
            step=run.step,
            started_at=run.started_at,
            ended_at=run.ended_at,
            rows_in=run.rows_in,
            rows_out=run.rows_out,
            counts=run.counts,
            error=run.error,
        )
    )


async def page(
    connection: Connection,
    *,
    before: tuple[dt.datetime, UUID] | None,
    step: str | None,
    failed: bool,
    limit: int,
    text: str | None = None,
) -> list[Run]:
    """Return runs, the newest first; with ``failed`` only those that ended in an error.

    ``text`` is looked for in the step's name and in the error.
    """
    moment, id = before or (None, None)
    statement = _SQL["failed_page" if failed else "page"]
    rows = await connection.fetch(
        *statement(moment=moment, id=id, step=step, text=text, limit=limit)
    )
    return [Run(**dict(row)) for row in rows]


async def newest(connection: Connection, steps: list[str]) -> list[Run]:
    """Return the newest run of each step that ever ran."""
    rows = await connection.fetch(*_SQL["newest"](steps=steps))
    return [Run(**dict(row)) for row in rows]
