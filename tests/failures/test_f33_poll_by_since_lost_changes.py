"""F33: polling by `since` lost changes, and choked on a `+` that became a space.

Broken on purpose by an overlap of zero in `rules/routes/agent_sync.py`: the second test fails; by
parsing `since` without repairing it: the third fails; and by an ETag over the newest rule's time
instead of the whole answer: the first fails.
"""

import datetime as dt

import httpx

from flywheel_server.core import db, listener
from flywheel_server.rules.store import rules as store
from tests.cast import STAGE, Cast
from tests.rules.test_agent_sync import PROMOTED, SYNC, add, fetch, learnt, switch


async def test_f33_the_tag_is_over_the_whole_set_so_removal_shows_too(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    first, second = await add(database, learnt("a")), await add(database, learnt("b"))
    tags = set()
    for rule in (None, first, second):
        if rule is not None:
            await switch(database, rule, enabled=False)
        tags.add((await client.get(SYNC, headers=cast.site.headers)).headers["etag"])
    assert len(tags) == 3


async def test_f33_a_rule_committed_late_is_not_lost(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    async with db.transaction(database, STAGE) as connection:
        # Its time is that of the transaction's begin; the agent asks before it commits.
        await store.insert(connection, learnt())
        await db.announce(connection, listener.RULES, "platform")
        early = await fetch(client, cast.site, PROMOTED)
        assert early["rules"] == []
    answer = await client.get(
        PROMOTED, params={"since": early["server_time"]}, headers=cast.site.headers
    )
    assert [rule["rule_id"] for rule in answer.json()["rules"]] == [learnt().rule_id]


async def test_f33_a_raw_plus_is_read_as_it_was_meant(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await add(database, learnt())
    for hours, count in ((-1, 1), (1, 0)):
        since = (rule.enabled_changed_at + dt.timedelta(hours=hours)).isoformat()
        assert "+" in since
        raw = await client.get(f"{PROMOTED}?since={since}", headers=cast.site.headers)
        assert raw.status_code == 200
        assert len(raw.json()["rules"]) == count
