"""F55: a background loop ran in every process, or in none.

Broken on purpose by dropping the interval from `claim` (turns come too often), and by never letting
a lease lapse (the second test waits in vain). See tests/journeys/test_two_servers.py for killed and
stopped processes.
"""

import asyncio
import itertools
from typing import Any
from uuid import UUID

import pytest

from flywheel_server import loop
from flywheel_server.core import db, embedded
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.loop import runs
from flywheel_server.loop.keeper import Keeper
from flywheel_server.loop.runs import Run

SCOPE = LoopScope(reason="the test watches the loop")
INTERVAL = 1.0


async def _turns(database: db.Database, count: int) -> list[Run]:
    async with asyncio.timeout(30):
        while True:
            async with db.transaction(database, SCOPE) as connection:
                found = await runs.page(
                    connection, before=None, step=loop.NAMES[0], failed=False, limit=200
                )
            if len(found) >= count:
                return found[::-1]
            await asyncio.sleep(0.02)


async def test_f55_of_many_processes_one_turns_the_loop_once_an_interval(
    database: db.Database,
) -> None:
    settings = Settings(loop_interval=INTERVAL)
    keepers = [Keeper(database, settings) for _ in range(4)]
    tasks = [asyncio.create_task(keeper.run()) for keeper in keepers]

    found = await _turns(database, 4)

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    gaps = [
        (later.started_at - earlier.started_at).total_seconds()
        for earlier, later in itertools.pairwise(found)
    ]
    # A turn is claimed once an interval, and may then take a while to begin its first step.
    assert min(gaps) > INTERVAL / 2, gaps
    assert len({run.holder for run in found}) == 1


async def test_f55_when_the_holder_ends_another_goes_on(database: db.Database) -> None:
    settings = Settings(loop_interval=INTERVAL)
    first, second = Keeper(database, settings), Keeper(database, settings)
    holding = asyncio.create_task(first.run())
    (run,) = await _turns(database, 1)
    waiting = asyncio.create_task(second.run())

    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)

    found = await _turns(database, 2)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert [run.holder, found[1].holder] == [first.holder, second.holder]


@pytest.mark.parametrize("deed", ["claim", "renew"])
async def test_f55_a_holder_that_hangs_while_it_writes_the_lease_is_replaced_too(
    database: db.Database, address: embedded.Address, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """Broken by the patience of a request: for half a minute nobody could claim the next turn."""
    settings = Settings(loop_interval=INTERVAL)
    hanging = await db.open_database(address.app_url)
    first, second = Keeper(hanging, settings), Keeper(database, settings)
    done, hangs = getattr(runs, deed), asyncio.Event()

    async def hang(connection: db.Connection, holder: UUID, *arguments: Any) -> Any:
        result = await done(connection, holder, *arguments)
        if holder == first.holder:
            hangs.set()
            await asyncio.Event().wait()
        return result

    monkeypatch.setattr(runs, deed, hang)
    tasks = [asyncio.create_task(first.run())]
    await hangs.wait()
    tasks.append(asyncio.create_task(second.run()))

    async with asyncio.timeout(15):
        while all(run.holder != second.holder for run in await _turns(database, 0)):
            await asyncio.sleep(0.02)

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await hanging.close()
