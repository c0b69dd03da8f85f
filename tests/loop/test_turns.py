"""A turn's steps keep out of each other's way, and a process that hangs keeps nobody waiting."""

import asyncio
from uuid import uuid4

import pytest

from flywheel_server import db, embedded, errors
from flywheel_server.db import Connection
from flywheel_server.loop import turns
from flywheel_server.loop.step import Step, Turn
from flywheel_server.settings import Settings
from flywheel_server.store.runs import Run

SETTINGS = Settings(loop_interval=1.0)


async def _nothing(connection: Connection, turn: Turn) -> tuple[int, int]:
    del connection, turn
    return 0, 0


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
    database: db.Database, address: embedded.Address
) -> None:
    """Made to fail by leaving the idle time-out of ``sql/turns.sql`` at the pool's 30 s."""
    begun = asyncio.Event()

    async def hang(connection: Connection, turn: Turn) -> tuple[int, int]:
        del connection, turn
        begun.set()
        await asyncio.Event().wait()
        return 0, 0

    elsewhere = await db.open_database(address.app_url, pool_size=2, writer_pool_size=1)
    hanging = asyncio.create_task(_run(elsewhere, Step(name="hangs", run=hang)))
    await begun.wait()

    async with asyncio.timeout(20):
        run = await _run(database, Step(name="goes on", run=_nothing))

    assert run.error is None
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    await elsewhere.close()


async def test_a_turn_that_finds_no_room_in_time_is_refused(
    database: db.Database, address: embedded.Address
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work(connection: Connection, turn: Turn) -> tuple[int, int]:
        del turn
        begun.set()
        while not ended.is_set():
            await connection.execute("SELECT 1")
        return 1, 1

    elsewhere = await db.open_database(address.app_url, pool_size=2, writer_pool_size=1)
    working = asyncio.create_task(_run(elsewhere, Step(name="works", run=work)))
    await begun.wait()

    with pytest.raises(errors.LoopBusy):
        await _run(database, Step(name="has to wait", run=_nothing), wait_seconds=0.1)

    ended.set()
    assert (await working).error is None
    await elsewhere.close()
