"""F61: reports were lost, and orders ran again and again, because of a character in free text.

Made to fail by `AfterValidator(_storable)` in place of the cleaning, and by raising in
`wire_executions` for a NUL in an error. See tests/field/test_text_*.py for every door and kind.
"""

import json

import httpx

from flywheel_server.core import db
from tests import telemetry
from tests.cast import Cast


async def test_f61_one_damaged_text_in_a_batch_loses_nothing(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    damaged = [
        telemetry.execution(error_message="a\x00b", success=False),
        telemetry.execution(reasoning="\ud800"),
        telemetry.execution(confidence=float("nan")),
        telemetry.execution(state_after={"log": "x" * 70_000}),
    ]
    items = [telemetry.execution(), *damaged, telemetry.execution()]
    for encoding in ("utf-8", "utf-16", "utf-8-sig"):
        body = json.dumps({"executions": items}).encode(encoding)
        answer = await client.post(
            "/api/agent/executions/batch", content=body, headers=cast.site.headers
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["refused"] == 0
    assert answer.json()["repeated"] == len(items)
    assert len(await telemetry.facts(database)) == len(items)


async def test_f61_a_single_post_that_is_refused_is_counted_as_those_of_batches_are(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    bad = telemetry.execution(incident_type="\x00")
    before = await _refused(client)
    answer = await client.post(
        "/api/agent/executions", json={"execution": bad}, headers=cast.site.headers
    )
    assert answer.status_code == 422
    await telemetry.send(client, cast.site, [bad])
    assert await _refused(client) == before + 2


async def _refused(client: httpx.AsyncClient) -> float:
    text = (await client.get("/metrics")).text
    found = [
        line for line in text.splitlines() if "flywheel_executions" in line and 'refused"' in line
    ]
    return float(found[0].split()[-1]) if found else 0
