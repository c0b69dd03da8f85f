"""Nothing acknowledged is lost and nothing is counted twice, wherever the server is killed."""

import asyncio
import random
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from flywheel_server.core import db, embedded
from flywheel_server.core.scope import LoopScope
from tests import cast as people, programs, telemetry
from tests.cast import Cast

_ROUNDS = 6
_WRITERS = 8


class _Appliance:
    """Sends batches, some of them again or corrected, and remembers what was acknowledged."""

    def __init__(self, site: people.CastSite, seed: int, answered: asyncio.Semaphore) -> None:
        self.site = site
        self._answered = answered
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self._source = random.Random(seed)
        self._unanswered: list[dict[str, Any]] = []

    async def send_until_the_server_dies(self, base_url: str) -> None:
        async with httpx.AsyncClient(base_url=base_url, timeout=10) as client:
            while True:
                batch = self._unanswered or self._next()
                self._unanswered = batch
                try:
                    await telemetry.send(client, self.site, batch)
                except httpx.TransportError:
                    return
                self._unanswered = []
                self.acknowledged |= {item["execution_id"]: item for item in batch}
                self._answered.release()

    def _next(self) -> list[dict[str, Any]]:
        fresh = telemetry.executions(self._source.randint(1, 20))
        known = list(self.acknowledged.values())
        again = self._source.sample(known, min(3, len(known)))
        corrected = [item | {"success": self._source.random() < 0.5} for item in again]
        level = {"resolution_level": "L1", "runbook_id": "L1-NTP-001"}
        return [
            *(item | level if self._source.random() < 0.3 else item for item in fresh),
            *corrected,
        ]


async def test_killed_at_random_moments_every_acknowledged_execution_is_there_once(
    tmp_path: Path,
) -> None:
    """Made to fail by folding without moving the mark, which counts again what was counted."""
    data_dir = tmp_path / "data"
    source = random.Random(11)
    answered = asyncio.Semaphore(0)
    async with programs.serving(tmp_path, data_dir=data_dir, loop="false"):
        cast = await _cast(data_dir)
    appliances = [_Appliance(cast.sites[index], index, answered) for index in range(_WRITERS)]
    for number in range(_ROUNDS):
        while not answered.locked():
            await answered.acquire()
        async with programs.serving(tmp_path, data_dir=data_dir, loop_interval=0.2) as server:
            sending = asyncio.gather(
                *(each.send_until_the_server_dies(server.base_url) for each in appliances)
            )
            if number % 2:
                # Half of them die with something to lose, however slow the machine.
                await _first_answer(answered, sending)
            # The moment of death is what this test varies: no event stands for it.
            await asyncio.sleep(source.uniform(0.05, 0.9))
            await server.kill()
            await sending

    for step in ("generate_patterns", "aggregate_platform", "count_rules"):
        code, output = await programs.run("step", step, data_dir=data_dir)
        assert code == 0, output
    code, output = await programs.run("verify-counts", data_dir=data_dir)

    assert code == 0, output
    assert "all counts equal a recount" in output
    wanted = {(each.site.id, id) for each in appliances for id in each.acknowledged}
    assert wanted
    facts = await _in_force(data_dir)
    assert wanted <= facts.keys()
    assert set(facts.values()) == {1}


async def _first_answer(answered: asyncio.Semaphore, sending: "asyncio.Future[Any]") -> None:
    """Wait until something was acknowledged, or until nobody sends any more."""
    waiting = asyncio.create_task(answered.acquire())
    await asyncio.wait([waiting, sending], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def test_no_answer_leaves_before_the_commit_that_holds_its_executions(
    tmp_path: Path,
) -> None:
    """Made to fail by answering before the writer's commit."""
    data_dir = tmp_path / "data"
    async with (
        programs.serving(tmp_path, data_dir=data_dir, loop="false") as server,
        embedded.running(data_dir) as address,
    ):
        cast = await _cast(data_dir)
        owner = await asyncpg.connect(address.owner_url)
        holding = owner.transaction()
        await holding.start()
        # Writers wait behind this lock with their statement begun and nothing committed.
        await owner.execute("LOCK TABLE executions IN EXCLUSIVE MODE")
        async with httpx.AsyncClient(base_url=server.base_url, timeout=30) as client:
            batch = telemetry.executions(3)
            sending = asyncio.create_task(telemetry.send(client, cast.site, batch))
            async with asyncio.timeout(30):
                while not await owner.fetchval(_WAITING):
                    await asyncio.sleep(0.02)

            assert not sending.done()
            await server.kill()
            with pytest.raises(httpx.TransportError):
                await sending
        await holding.rollback()
        await owner.close()


_WAITING = (
    "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'executions'::regclass"
)


async def _cast(data_dir: Path) -> Cast:
    async with embedded.running(data_dir) as address:
        database = await db.open_database(address.app_url)
        try:
            return await people.make_cast(database)
        finally:
            await database.close()


async def _in_force(data_dir: Path) -> dict[tuple[Any, str], int]:
    async with embedded.running(data_dir) as address:
        database = await db.open_database(address.app_url)
        try:
            scope = LoopScope(reason="the test looks at every site")
            async with db.transaction(database, scope) as connection:
                rows = await connection.fetch(
                    "SELECT site_id, execution_id, sum(weight) AS weight FROM executions"
                    " GROUP BY site_id, execution_id"
                )
        finally:
            await database.close()
    return {(row["site_id"], row["execution_id"]): row["weight"] for row in rows}
