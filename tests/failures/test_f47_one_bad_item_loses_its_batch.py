"""F47: a caught database error poisoned the transaction, and earlier items of a batch were lost.

Broken on purpose by failing the whole group in `ingest.Writer._isolate`: the second test fails; by
raising on the first bad item in `wire_executions.read_batch`: the first.
"""

import asyncio
import json
from typing import Any

import httpx

from flywheel_server.core import clock, db, errors
from flywheel_server.executions.actions.ingest import Writer
from flywheel_server.executions.routes import wire_executions
from tests import telemetry
from tests.cast import Cast


async def test_f47_a_bad_item_is_its_own_problem(client: httpx.AsyncClient, cast: Cast) -> None:
    answer = await telemetry.send(
        client,
        cast.site,
        [telemetry.execution(), telemetry.execution(success="maybe"), telemetry.execution()],
    )

    assert (answer["accepted"], answer["refused"]) == (2, 1)


async def test_f47_what_the_database_refuses_harms_only_its_sender(
    database: db.Database, cast: Cast, owner: Any
) -> None:
    # Something that only the database knows to refuse, and that shares a statement with others.
    await owner.execute(
        "ALTER TABLE executions ADD CONSTRAINT executions_test CHECK (hostname <> 'refused')"
    )
    writer = Writer(database, tasks=1)
    bodies = [
        telemetry.execution(hostname="refused" if index == 7 else "fine") for index in range(20)
    ]
    reports = [
        wire_executions.read_single(json.dumps(body).encode(), cast.site.scope, clock.now())
        for body in bodies
    ]
    waiting = [
        asyncio.create_task(writer.record(cast.site.scope, [report.items[0].fact]))
        for report in reports
        if report.items[0].fact is not None
    ]
    # All of them wait before the first is written: one group.
    await asyncio.sleep(0)
    working = asyncio.create_task(writer.run())

    verdicts = await asyncio.gather(*waiting, return_exceptions=True)

    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    refused = [index for index, verdict in enumerate(verdicts) if verdict != ["accepted"]]
    assert refused == [7]
    assert isinstance(verdicts[7], errors.Unavailable)
    assert await owner.fetchval("SELECT count(*) FROM executions") == 19
