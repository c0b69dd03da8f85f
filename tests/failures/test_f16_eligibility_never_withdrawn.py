"""F16: what had been eligible once stayed so, whatever happened since.

Broken on purpose by approving on the state that the loop left behind: the second test approves.
"""

import datetime as dt

import httpx

from flywheel_server.core import db
from tests import candidates, telemetry
from tests.cast import Cast


async def test_f16_failures_take_a_candidate_back(client: httpx.AsyncClient, cast: Cast) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site)
    await telemetry.send(client, cast.site, telemetry.executions(2, failures=2))
    await telemetry.turn(client, cast.admin)

    answer = await client.post(
        f"/api/admin/candidates/{pattern_id}/approve", headers=cast.admin.headers
    )

    assert answer.status_code == 409
    assert answer.json()["failing"] == ["success_rate"]
    listed = await telemetry.items(client, cast.admin, "candidates?status=withdrawn")
    assert [each["id"] for each in listed] == [pattern_id]


async def test_f16_age_alone_shuts_the_gate_before_the_loop_has_looked(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.site)
    async with db.transaction(database, candidates.operator()) as connection:
        await connection.execute(
            "UPDATE patterns SET last_evidence_at = now() - $1::interval", dt.timedelta(days=8)
        )

    answer = await client.post(
        f"/api/admin/candidates/{pattern_id}/approve", headers=cast.admin.headers
    )

    assert answer.status_code == 409
    assert answer.json()["failing"] == ["seen_recently"]


async def test_f16_a_candidate_comes_back_when_its_gates_open(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site)
    await telemetry.send(client, cast.site, telemetry.executions(1, failures=1))
    await telemetry.turn(client, cast.admin)
    await telemetry.send(client, cast.site, telemetry.executions(10))
    await telemetry.turn(client, cast.admin)

    answer = await client.post(
        f"/api/admin/candidates/{pattern_id}/approve", headers=cast.admin.headers
    )

    assert answer.status_code == 200, answer.text
