"""F32: while the database was away, sync answered a valid, signed set without its rules.

Broken on purpose by answering an empty set in `RuleSets.get` on `DatabaseUnavailable`: the
neighbour gets 200; and by `return True` in `Listener.trusted`: memory answers for ever.
"""

import httpx
import pytest

from flywheel_server.core import db, listener
from tests import parts
from tests.cast import STAGE, Cast
from tests.rules.test_agent_sync import L1_RULES, PROMOTED, SYNC

NOWHERE = "postgresql://flywheel_app@/flywheel?host=/nonexistent"


async def test_f32_without_the_database_the_answer_is_whole_or_503(
    client: httpx.AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = parts.of(client)
    await parts.settle(client)
    whole = await client.get(SYNC, headers=cast.site.headers)
    # The neighbour's key is in memory, its rule set is not.
    await client.get(PROMOTED, headers=cast.neighbour.headers)
    async with db.transaction(runtime.database, STAGE) as connection:
        await db.announce(connection, listener.RULES, f"site:{cast.neighbour.id}")
    etag = {"If-None-Match": whole.headers["etag"]}
    nowhere = await db.open_database(NOWHERE)
    monkeypatch.setattr(runtime.database, "pool", nowhere.pool)
    # Heard from the database a moment ago: memory still answers, with the whole set.
    again = await client.get(SYNC, headers=cast.site.headers)
    assert (again.status_code, again.content) == (200, whole.content)
    assert (await client.get(SYNC, headers=cast.site.headers | etag)).status_code == 304
    unknown = await client.get(SYNC, headers=cast.neighbour.headers)
    assert unknown.status_code == 503
    # Silent for longer than memory is trusted.
    monkeypatch.setattr(
        runtime.listener, "_heard_at", runtime.listener._heard_at - listener.TRUST_SECONDS
    )
    for path in (SYNC, L1_RULES, PROMOTED):
        for headers in (cast.site.headers, cast.site.headers | etag):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert "rules" not in answer.json()
    body = {"hostname": "vm"}
    answer = await client.post("/api/appliances/checkin", json=body, headers=cast.site.headers)
    assert answer.status_code == 503
    monkeypatch.undo()
    await nowhere.close()
    assert (await client.get(SYNC, headers=cast.site.headers)).content == whole.content
