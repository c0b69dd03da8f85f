"""Each execution counts once: repeats, corrections, and whatever comes at the same time."""

import asyncio
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import telemetry
from tests.cast import Cast

ONE = "/api/agent/executions"


@pytest.fixture(params=[True, False], ids=["fast path", "ordinary route"])
def hot(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def test_execution_ids_are_unique_within_a_site_only(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    item = telemetry.execution()

    assert (await telemetry.send(client, cast.site, [item]))["accepted"] == 1
    assert (await telemetry.send(client, cast.neighbour, [item]))["accepted"] == 1

    assert len(await telemetry.facts(database)) == 2


async def test_another_body_corrects_and_a_seen_body_repeats_for_ever(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first = telemetry.execution(success=True)
    second = first | {"success": False}

    verdicts = [
        (await telemetry.send(client, cast.site, [body]))["results"][0]["verdict"]
        for body in (first, second, first, second)
    ]

    assert verdicts == ["accepted", "corrected", "repeated", "repeated"]
    facts = await telemetry.facts(database)
    assert [(fact["weight"], fact["outcome"]) for fact in facts] == [
        (1, "success"),
        (-1, "success"),
        (1, "failure"),
    ]
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["successes"], pattern["failures"]) == (0, 1)


async def test_within_one_batch_the_later_body_wins(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    item = telemetry.execution()

    answer = await telemetry.send(
        client, cast.site, [item, item, item | {"hostname": "WS-9"}, item]
    )

    verdicts = [result["verdict"] for result in answer["results"]]
    assert verdicts == ["accepted", "repeated", "corrected", "repeated"]
    assert sum(fact["weight"] for fact in await telemetry.facts(database)) == 1


async def test_a_correction_of_what_is_past_its_retention_is_refused(
    client: httpx.AsyncClient, cast: Cast, owner: Any
) -> None:
    item = telemetry.execution()
    await telemetry.send(client, cast.site, [item])
    await owner.execute("DELETE FROM executions")

    answer = await telemetry.send(client, cast.site, [item | {"success": False}])

    assert answer["results"][0]["verdict"] == "refused"
    assert "retention" in answer["results"][0]["problem"]
    alone = await client.post(
        ONE, json={"execution": item | {"success": False}}, headers=cast.site.headers
    )
    assert alone.status_code == 409


async def test_one_batch_on_eight_connections_at_once_is_there_once(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    batch = telemetry.executions(200)

    answers = await asyncio.gather(
        *(telemetry.send(client, cast.site, batch[::step]) for step in (1, -1) * 4)
    )

    assert sum(answer["accepted"] for answer in answers) == 200
    assert sum(answer["repeated"] for answer in answers) == 1_400
    assert len(await telemetry.facts(database)) == 200


async def test_small_posts_of_many_appliances_share_statements_and_all_get_answers(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    bodies = [{"execution": telemetry.execution()} for _ in range(100)]

    responses = await asyncio.gather(
        *(client.post(ONE, json=body, headers=cast.site.headers) for body in bodies)
    )

    assert {response.status_code for response in responses} == {200}
    facts = await telemetry.facts(database)
    assert len(facts) == 100
    assert len({fact["xid"] for fact in facts}) < 100
