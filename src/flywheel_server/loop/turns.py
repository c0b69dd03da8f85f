"""Runs turns: each step in a transaction of its own, with its record, whatever the others do."""

import asyncio
from uuid import UUID

import asyncpg

from flywheel_server import clock, db, errors, log
from flywheel_server.db import Connection
from flywheel_server.domain.scope import LoopScope
from flywheel_server.loop.step import Step, Turn
from flywheel_server.settings import Settings
from flywheel_server.sql import load
from flywheel_server.store import folds, policies, runs
from flywheel_server.store.runs import Run

_SQL = load("turns")
_log = log.get(__name__)

STATEMENT_SECONDS = 600
LEAST_HANG_SECONDS = 2.0
# Longer than any one answer is waited for, and well within an interval.
ERRAND_SECONDS = 25.0


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
    done = []
    for step in steps:
        run = await _run_step(database, settings, step, turn_id, holder, wait_seconds)
        async with db.transaction(database, _scope(step)) as connection:
            await runs.record(connection, run)
        done.append(run)
    for step in steps:
        await _run_errand(database, settings, step)
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


async def _run_step(
    database: db.Database,
    settings: Settings,
    step: Step,
    turn_id: UUID,
    holder: UUID,
    wait_seconds: float,
) -> Run:
    started_at = clock.now()
    rows_in = rows_out = 0
    problem = None
    try:
        async with db.transaction(database, _scope(step)) as connection:
            await _prepare(connection, settings.loop_interval, wait_seconds)
            policy = await policies.in_force(connection)
            turn = Turn(scope=_scope(step), policy=policy, settings=settings, now=clock.now())
            rows_in, rows_out = await step.run(connection, turn)
        problem = "; ".join(turn.problems)[:2_000] or None
    except asyncpg.LockNotAvailableError as error:
        raise errors.LoopBusy(
            f"Another turn has been running for over {wait_seconds:.0f} s: try again later."
        ) from error
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001
        # Whatever it was, the other steps go on, and operators see it: page, metrics and log.
        _log.exception("a step of the loop failed", step=step.name)
        problem = _problem(error)
        rows_in = rows_out = 0
    return Run(
        turn_id=turn_id,
        holder=holder,
        step=step.name,
        started_at=started_at,
        ended_at=clock.now(),
        rows_in=rows_in,
        rows_out=rows_out,
        error=problem,
    )


async def _prepare(connection: Connection, interval: float, wait_seconds: float) -> None:
    """Give the transaction the loop's patience, and wait for other turns to finish their step."""
    # A process that hangs within a step must let go of the lock before its successor is due.
    hangs_after = max(interval / 3, LEAST_HANG_SECONDS)
    await connection.execute(
        _SQL["prepare"],
        *(str(max(int(each * 1000), 1)) for each in (STATEMENT_SECONDS, wait_seconds, hangs_after)),
    )
    await folds.lock(connection)


def _scope(step: Step) -> LoopScope:
    return LoopScope(reason=step.name)


def _problem(error: Exception) -> str:
    text = str(error) or "no message"
    return f"{type(error).__name__}: {text}"[:2_000].replace("\x00", "")
