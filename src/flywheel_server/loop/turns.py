"""Runs turns: each step in a transaction of its own, with its record, whatever the others do.

Steps follow each other, but neighbours that keep to tables of their own run side by side: their
time is the database's, which has more than one core.
"""

import asyncio
import datetime as dt
import itertools
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from flywheel_server.core import clock, db, errors, log
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.core.sql import load
from flywheel_server.core.step import Counts, Step, Turn
from flywheel_server.folds import store as folds
from flywheel_server.loop import runs
from flywheel_server.loop.runs import Run

_SQL = load("turns")
_log = log.get(__name__)
_HUNG = LoopScope(reason="who hangs within the loop must let go")

STATEMENT_SECONDS = 600
_MOST_AT_ONCE = 2
_LEAST_HANG_SECONDS = 2.0
# Longer than any one answer is waited for, and well within an interval.
ERRAND_SECONDS = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a turn runs, and as whose."""

    database: db.Database
    settings: Settings
    turn_id: UUID
    holder: UUID
    # How long another turn may keep this one from a step.
    wait_seconds: float


async def run_turn(
    database: db.Database,
    settings: Settings,
    steps: tuple[Step, ...],
    *,
    turn_id: UUID,
    holder: UUID,
    wait_seconds: float = 30.0,
) -> list[Run]:
    """Run the steps in order and return their records.

    Raises LoopBusy when another turn does not make room within ``wait_seconds``, and
    DatabaseUnavailable when not even the failure of a step can be recorded.
    """
    place = _Place(
        database=database,
        settings=settings,
        turn_id=turn_id,
        holder=holder,
        wait_seconds=wait_seconds,
    )
    done: list[Run] = []
    for apart, group in itertools.groupby(steps, key=lambda step: step.apart):
        if apart:
            done += await _side_by_side(place, list(group))
        else:
            for step in group:
                done.append(await _run_step(place, step))
    for step in steps:
        await _run_errand(database, settings, step)
    return done


def hang_seconds(interval: float) -> float:
    """Return how long a process may hang: it must let go before its successor is due."""
    return max(interval / 3, _LEAST_HANG_SECONDS)


async def _side_by_side(place: _Place, steps: list[Step]) -> list[Run]:
    """Run steps at the same time, each to its end; then raise what one of them raised."""
    # Most connections stay free for requests, and processors: three of these at once on two take
    # longer than two, and then the third.
    places = asyncio.Semaphore(max(1, min(_MOST_AT_ONCE, place.database.pool.get_max_size() // 3)))

    async def run(step: Step) -> Run:
        async with places:
            return await _run_step(place, step)

    ended = await asyncio.gather(*(run(step) for step in steps), return_exceptions=True)
    done = []
    for each in ended:
        if isinstance(each, BaseException):
            raise each
        done.append(each)
    return done


async def _run_errand(database: db.Database, settings: Settings, step: Step) -> None:
    """Run what a step has to do over the network. It says itself what came of it."""
    if step.errand is None:
        return
    try:
        async with asyncio.timeout(ERRAND_SECONDS):
            await step.errand(database, settings)
    except asyncio.CancelledError:
        raise
    except Exception:  # noqa: BLE001
        # The next turn tries again; a turn never fails because of somebody afar.
        _log.exception("an errand of the loop failed", step=step.name)


async def _run_step(place: _Place, step: Step) -> Run:
    started_at = clock.now()
    try:
        async with db.transaction(place.database, _scope(step)) as connection:
            run = await _work(connection, place, step, started_at)
            # With what it did: no record tells of work that was undone.
            await runs.record(connection, run)
    except asyncpg.LockNotAvailableError as error:
        await _end_hung(place)
        raise errors.LoopBusy(
            f"Another turn has been running for over {place.wait_seconds:.0f} s: try again later."
        ) from error
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001
        # Whatever it was, the other steps go on, and operators see it: page, metrics and log.
        if not place.database.condition.told(error):
            _log.exception("a step of the loop failed", step=step.name)
        run = _record(place, step, started_at, {}, _problem(error))
        async with db.transaction(place.database, _scope(step)) as connection:
            await runs.record(connection, run)
    return run


async def _end_hung(place: _Place) -> None:
    """Cut off processes that hang within a step, so that the next turn finds room."""
    hangs_after = dt.timedelta(seconds=hang_seconds(place.settings.loop_interval))
    async with db.transaction(place.database, _HUNG) as connection:
        await connection.execute(*_SQL["as_login"]())
        if ended := await connection.fetchval(*_SQL["end_hung"](hangs_after=hangs_after)):
            _log.error("a process hung within the loop and was cut off", sessions=ended)


async def _work(connection: Connection, place: _Place, step: Step, started_at: dt.datetime) -> Run:
    await _prepare(connection, place)
    if not step.apart:
        await folds.lock(connection)
    turn = Turn(scope=_scope(step), settings=place.settings, now=clock.now())
    counts = await step.run(connection, turn)
    return _record(place, step, started_at, counts, "; ".join(turn.problems)[:2_000] or None)


async def _prepare(connection: Connection, place: _Place) -> None:
    """Give the transaction the loop's patience."""
    hangs_after = hang_seconds(place.settings.loop_interval)
    await connection.execute(
        *_SQL["prepare"](
            statement_timeout=_milliseconds(STATEMENT_SECONDS),
            lock_timeout=_milliseconds(place.wait_seconds),
            idle_timeout=_milliseconds(hangs_after),
        )
    )


def _milliseconds(seconds: float) -> str:
    return str(max(int(seconds * 1000), 1))


def _record(
    place: _Place,
    step: Step,
    started_at: dt.datetime,
    counts: Counts,
    problem: str | None,
) -> Run:
    # A step that failed counted nothing.
    read = counts[step.reads] if step.reads and counts else 0
    return Run(
        turn_id=place.turn_id,
        holder=place.holder,
        step=step.name,
        started_at=started_at,
        ended_at=clock.now(),
        rows_in=read,
        rows_out=sum(counts.values()) - read,
        # Most of most turns' counts are 0.
        counts={name: count for name, count in counts.items() if count},
        error=problem,
    )


def _scope(step: Step) -> LoopScope:
    return LoopScope(reason=step.name)


def _problem(error: Exception) -> str:
    text = str(error) or "no message"
    return f"{type(error).__name__}: {text}"[:2_000].replace("\x00", "")
