"""A turn's steps keep out of each other's way, and a process that hangs keeps nobody waiting."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from flywheel_server import loop
from flywheel_server.core import db, embedded, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.core.step import Counts, Step, Turn
from flywheel_server.folds import store as folds
from flywheel_server.loop import runs, turns
from flywheel_server.loop.runs import Run

SETTINGS = Settings(loop_interval=1.0)


@pytest.fixture
async def elsewhere(address: embedded.Address) -> AsyncIterator[db.Database]:
    """Open the database as another process does."""
    opened = await db.open_database(address.app_url, pool_size=2, writer_pool_size=1)
    yield opened
    await opened.close()


async def _nothing(connection: Connection, turn: Turn) -> Counts:
    del connection, turn
    return {}


async def _run(database: db.Database, step: Step, wait_seconds: float = 30) -> Run:
    (run,) = await turns.run_turn(
        database,
        SETTINGS,
        (step,),
        turn_id=uuid4(),
        holder=uuid4(),
        wait_seconds=wait_seconds,
    )
    return run


async def test_a_step_that_hangs_in_its_transaction_loses_the_lock(
    database: db.Database, elsewhere: db.Database
) -> None:
    """Made to fail by leaving the idle time-out of ``loop/turns.sql`` at the pool's 30 s."""
    begun = asyncio.Event()

    async def hang(connection: Connection, turn: Turn) -> Counts:
        del connection, turn
        begun.set()
        await asyncio.Event().wait()
        return {}

    hanging = asyncio.create_task(_run(elsewhere, Step(name="hangs", run=hang)))
    await begun.wait()

    async with asyncio.timeout(20):
        run = await _run(database, Step(name="goes on", run=_nothing))

    assert run.error is None
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_neighbours_that_only_count_run_at_the_same_time(database: db.Database) -> None:
    """Made to fail by running every step behind the one before it."""
    both_began = asyncio.Barrier(2)

    async def count(connection: Connection, turn: Turn) -> Counts:
        del connection, turn
        async with asyncio.timeout(10):
            await both_began.wait()
        return {"rows": 1}

    ran = await turns.run_turn(
        database,
        Settings(loop_interval=60.0),
        (
            Step(name="before", run=_nothing),
            Step(name="one", run=count, apart=True),
            Step(name="other", run=count, apart=True),
            Step(name="behind", run=_nothing),
        ),
        turn_id=uuid4(),
        holder=uuid4(),
    )

    assert [(run.step, run.error) for run in ran] == [
        ("before", None), ("one", None), ("other", None), ("behind", None)
    ]  # fmt: skip
    before, one, other, behind = ran
    assert before.ended_at <= min(one.started_at, other.started_at)
    assert max(one.ended_at, other.ended_at) <= behind.started_at


async def test_a_step_that_counts_and_fails_leaves_its_neighbour_alone(
    database: db.Database,
) -> None:
    async def fail(connection: Connection, turn: Turn) -> Counts:
        del turn
        await connection.execute("SELECT 1 / 0")
        return {"rows": 1}

    failed, other = await turns.run_turn(
        database,
        SETTINGS,
        (
            Step(name="fails", run=fail, apart=True),
            Step(name="goes on", run=_nothing, apart=True),
        ),
        turn_id=uuid4(),
        holder=uuid4(),
    )

    assert failed.error is not None
    assert "division by zero" in failed.error
    assert other.error is None
    async with db.transaction(database, LoopScope(reason="tests")) as connection:
        kept = await runs.page(connection, before=None, step=None, failed=True, limit=10)
    assert [run.step for run in kept] == ["fails"]


async def test_a_step_that_fails_ends_no_turn(database: db.Database) -> None:
    """Broken by raising what a step raised: what stands behind it would never run."""
    done: list[str] = []

    async def fail(connection: Connection, turn: Turn) -> dict[str, int]:
        del connection, turn
        raise ValueError("a fault")

    async def run(connection: Connection, turn: Turn) -> dict[str, int]:
        del connection
        done.append(turn.scope.reason)
        return {"done": 1}

    async def errand(database: db.Database, settings: Settings) -> None:
        del database, settings
        done.append("errand")
        raise OSError("nobody answers")

    ran = await turns.run_turn(
        database,
        SETTINGS,
        (
            Step(name="fails", run=fail, errand=errand),
            Step(name="fails too", run=fail, apart=True),
            Step(name="goes on", run=run, errand=errand),
        ),
        turn_id=uuid4(),
        holder=uuid4(),
    )

    assert [(each.step, each.error) for each in ran] == [
        ("fails", "ValueError: a fault"),
        ("fails too", "ValueError: a fault"),
        ("goes on", None),
    ]
    assert done == ["goes on", "errand", "errand"]


async def test_steps_that_count_leave_connections_to_others(address: embedded.Address) -> None:
    """Made to fail by running all of them at once, which keeps them waiting for a connection."""
    running = most = 0

    async def count(connection: Connection, turn: Turn) -> Counts:
        nonlocal running, most
        del turn
        running += 1
        most = max(most, running)
        await connection.execute("SELECT 1")
        running -= 1
        return {"rows": 1}

    small = await db.open_database(address.app_url, pool_size=2, writer_pool_size=1)
    try:
        steps = tuple(Step(name=f"count {n}", run=count, apart=True) for n in range(4))
        ran = await turns.run_turn(small, SETTINGS, steps, turn_id=uuid4(), holder=uuid4())
    finally:
        await small.close()

    assert [run.error for run in ran] == [None] * 4
    assert most == 1


@pytest.mark.parametrize("apart", [False, True])
async def test_who_hangs_before_a_statement_it_prepared_is_cut_off(
    database: db.Database, elsewhere: db.Database, apart: bool
) -> None:
    """Its session is not idle, so no time-out ends it: the next turn but one goes on.

    Made to fail by leaving such sessions alone, as when `pg_stat_activity` is asked for idle ones.
    """
    begun = asyncio.Event()

    async def hang(connection: Connection, turn: Turn) -> Counts:
        del turn
        if apart:
            await folds.share(connection, "days")
        # What a driver that prepares waits for: the statement is known, and not run yet.
        await connection.prepare("SELECT $1::int + 1")
        begun.set()
        await asyncio.Event().wait()
        return {}

    hanging = asyncio.create_task(_run(elsewhere, Step(name="hangs", run=hang, apart=apart)))
    await begun.wait()
    days = next(step for step in loop.STEPS if step.name == "count_days")
    next_one = days if apart else Step(name="goes on", run=_nothing)

    with pytest.raises(errors.LoopBusy):
        await _run(database, next_one, wait_seconds=turns.hang_seconds(1.0) + 0.5)
    run = await _run(database, next_one, wait_seconds=5)

    assert run.error is None
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_who_works_keeps_its_place_however_long_others_wait(
    database: db.Database, elsewhere: db.Database
) -> None:
    begun = asyncio.Event()

    async def work(connection: Connection, turn: Turn) -> Counts:
        del turn
        begun.set()
        await connection.execute("SELECT pg_sleep(4)")
        return {"rows": 1}

    working = asyncio.create_task(_run(elsewhere, Step(name="works", run=work)))
    await begun.wait()

    with pytest.raises(errors.LoopBusy):
        await _run(database, Step(name="waits", run=_nothing), wait_seconds=2.5)

    assert (await working).error is None


async def test_a_fold_that_finds_no_room_in_time_is_refused(database: db.Database) -> None:
    scope = LoopScope(reason="a change of the policy")
    counting = tuple(step for step in loop.STEPS if step.apart)
    async with db.transaction(database, scope) as connection:
        await folds.lock(connection)
        with pytest.raises(errors.LoopBusy):
            await turns.run_turn(
                database,
                SETTINGS,
                counting,
                turn_id=uuid4(),
                holder=uuid4(),
                wait_seconds=0.1,
            )

    ran = await turns.run_turn(database, SETTINGS, counting, turn_id=uuid4(), holder=uuid4())
    assert {run.error for run in ran} == {None}


async def test_a_turn_that_finds_no_room_in_time_is_refused(
    database: db.Database, elsewhere: db.Database
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work(connection: Connection, turn: Turn) -> Counts:
        del turn
        begun.set()
        while not ended.is_set():
            await connection.execute("SELECT 1")
        return {"rows": 1}

    working = asyncio.create_task(_run(elsewhere, Step(name="works", run=work)))
    await begun.wait()

    with pytest.raises(errors.LoopBusy):
        await _run(database, Step(name="has to wait", run=_nothing), wait_seconds=0.1)

    ended.set()
    assert (await working).error is None
