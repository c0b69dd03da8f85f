"""The ear on the database: what is late is not lost."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from flywheel_server.core import db
from flywheel_server.core.listener import Listener

_BACKEND = """
SELECT a.pid FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    AND a.query LIKE '%pg_is_in_recovery()'
"""


@pytest.fixture
async def ear(database: db.Database) -> AsyncIterator[Listener]:
    opened = Listener(database)
    task = asyncio.create_task(opened.run())
    await _until(opened.trusted)
    yield opened
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_answer_that_comes_late_ends_the_trust_and_empties_no_cache(
    database: db.Database, ear: Listener, owner: Any
) -> None:
    """Made to fail by giving the connection up with the next question."""
    told: list[tuple[str, str]] = []
    database.subscribers.append(lambda channel, payload: told.append((channel, payload)))
    (backend,) = [row["pid"] for row in await owner.fetch(_BACKEND)]
    os.kill(backend, signal.SIGSTOP)
    try:
        await _until(lambda: not ear.trusted())
    finally:
        os.kill(backend, signal.SIGCONT)
    await _until(ear.trusted)
    assert told == []


async def test_trust_counts_from_the_question_and_not_from_its_answer(
    database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change right after the question may be unheard. Broken by counting from the answer."""
    asked: list[float] = []
    answered = asyncio.Event()
    real = db.is_read_only

    async def slowly(connection: db.Connection) -> bool:
        asked.append(time.monotonic())
        found = await real(connection)
        await asyncio.sleep(0.01)
        answered.set()
        return found

    monkeypatch.setattr(db, "is_read_only", slowly)
    ear = Listener(database)
    task = asyncio.create_task(ear.run())
    try:
        async with asyncio.timeout(60):
            await answered.wait()
            while not ear.trusted():
                await asyncio.sleep(0)
        assert ear._heard_at <= asked[-1]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_connection_that_was_lost_and_is_back_empties_the_caches(
    database: db.Database, ear: Listener, owner: Any
) -> None:
    """What changed in between was announced to no one here. Broken by telling nothing then."""
    told: list[tuple[str, str]] = []
    database.subscribers.append(lambda channel, payload: told.append((channel, payload)))
    await owner.execute(f"SELECT pg_terminate_backend(b.pid) FROM ({_BACKEND}) b")
    await _until(lambda: bool(told))
    assert told == [("", "")]
    await _until(ear.trusted)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)
