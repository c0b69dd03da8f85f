"""F24: totals were multiplied by the number of rules, and "30 days" was all time.

Broken on purpose by joining the site's rules in ``healing.totals``, and by leaving the window out.
"""

from typing import Any

import httpx

from flywheel_server.core import db
from tests import candidates, telemetry
from tests.cast import Cast


async def _stats(http: httpx.AsyncClient, cast: Cast, days: int) -> Any:
    answer = await http.get(
        "/api/partners/me/learning/stats",
        params={"days": days},
        headers=cast.partners[0].credential.headers,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_f24_rules_and_hosts_multiply_nothing(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    for host in ("WS-1", "WS-2", "WS-3"):
        pattern_id = await candidates.make_candidate(database, cast.site, host)
        await client.post(
            f"/api/admin/candidates/{pattern_id}/approve", json={}, headers=cast.admin.headers
        )
    await candidates.make_promoted_rule(database, cast.site)
    await telemetry.send(client, cast.site, telemetry.executions(5, failures=2))

    stats = await _stats(client, cast, 30)

    assert stats["in_window"]["healing"]["success"] == {"successes": 3, "attempts": 5}
    assert stats["in_window"]["approved"] == 3
    assert stats["now"]["promoted_rules"]["rules"] == 2
    listed = await client.get(
        "/api/partners/me/learning/promoted-rules", headers=cast.partners[0].credential.headers
    )
    assert sorted(rule["hosts"] for rule in listed.json()["items"]) == [0, 3]


async def test_f24_what_lies_before_the_window_is_not_counted(
    client: httpx.AsyncClient, cast: Cast, owner: Any
) -> None:
    await telemetry.send(client, cast.site, telemetry.executions(4))
    # No key of ours may move a fact.
    await owner.execute("UPDATE executions SET received_at = received_at - interval '3 hours'")
    await owner.execute(
        "UPDATE executions SET received_at = now() - interval '25 hours' WHERE ctid IN "
        "(SELECT ctid FROM executions LIMIT 1)"
    )

    day, week = await _stats(client, cast, 1), await _stats(client, cast, 7)

    assert day["in_window"]["healing"]["success"]["attempts"] == 3
    assert week["in_window"]["healing"]["success"]["attempts"] == 4
