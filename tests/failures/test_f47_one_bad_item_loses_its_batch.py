"""F47: a caught database error poisoned the transaction, and earlier items of a batch were lost.

Broken on purpose by failing the whole group in `ingest.Writer._isolate`: the second test fails; by
raising on the first bad item in `wire_executions.read_batch`: the first.
"""

import asyncio
from typing import Any

import httpx

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
    client: httpx.AsyncClient, cast: Cast, owner: Any
) -> None:
    # Something that only the database knows to refuse, and that shares a statement with others.
    await owner.execute(
        "ALTER TABLE executions ADD CONSTRAINT executions_test CHECK (hostname <> 'refused')"
    )
    bodies = [
        {"execution": telemetry.execution(hostname="refused" if index == 7 else "fine")}
        for index in range(20)
    ]

    responses = await asyncio.gather(
        *(
            client.post("/api/agent/executions", json=body, headers=cast.site.headers)
            for body in bodies
        )
    )

    statuses = [response.status_code for response in responses]
    assert [index for index, status in enumerate(statuses) if status != 200] == [7]
    assert statuses[7] == 503
    assert await owner.fetchval("SELECT count(*) FROM executions") == 19
