"""However many servers run, the loop turns once an interval, and outlives whoever turned it."""

import asyncio
import itertools
import signal
from pathlib import Path
from uuid import UUID

import pytest

from flywheel_server import loop
from flywheel_server.core import db, embedded
from flywheel_server.core.scope import LoopScope
from flywheel_server.loop import runs
from tests import programs

INTERVAL = 2.0
SCOPE = LoopScope(reason="the test watches the loop")


async def _turns(database: db.Database) -> list[tuple[UUID, float]]:
    """Return each turn so far: who ran it, and when it started in seconds."""
    async with db.transaction(database, SCOPE) as connection:
        rows = await runs.page(connection, before=None, step=loop.NAMES[0], failed=False, limit=200)
    return [(row.holder, row.started_at.timestamp()) for row in reversed(rows)]


async def _turns_when(database: db.Database, count: int) -> list[tuple[UUID, float]]:
    async with asyncio.timeout(60):
        while len(found := await _turns(database)) < count:
            await asyncio.sleep(0.05)
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_another_process_takes_over_within_an_interval(
    tmp_path: Path, how: signal.Signals
) -> None:
    """Made to fail with a lease that never lapses, and with a claim that ignores the last turn."""
    settings = {"data_dir": tmp_path / "data", "loop_interval": INTERVAL}
    async with (
        programs.serving(tmp_path, **settings) as one,
        embedded.running(tmp_path / "data") as address,
    ):
        database = await db.open_database(address.app_url)
        (holder, _), *_ = await _turns_when(database, 1)
        async with programs.serving(tmp_path, **settings):
            before = await _turns_when(database, 3)
            assert {who for who, _ in before} == {holder}

            one.send(how)

            after = await _turns_when(database, len(before) + 3)
            if how is signal.SIGSTOP:
                one.send(signal.SIGCONT)
                after = await _turns_when(database, len(after) + 2)
        await database.close()
    started = [moment for _, moment in after]
    gaps = [later - earlier for earlier, later in itertools.pairwise(started)]
    assert {who for who, _ in after} > {holder}
    # Claimed once an interval, never oftener, though the first step may begin somewhat later. The
    # hand-over costs at most one more, and another where a stopped process has to be cut off.
    assert min(gaps) > INTERVAL / 2, gaps
    assert max(gaps) < INTERVAL * 3, gaps
