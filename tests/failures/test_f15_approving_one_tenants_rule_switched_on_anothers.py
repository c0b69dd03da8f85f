"""F15: approving one tenant's candidate enabled the same rule of another tenant again.

Broken on purpose by looking the shared rule up without its site: the stranger's is joined.
"""

from uuid import UUID

import httpx

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast

LEARNING = "/api/partners/me/learning"


async def test_f15_approval_leaves_another_tenants_rule_off(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    made: dict[UUID, str] = {}
    for number, site in enumerate((cast.site, cast.foreign_site)):
        pattern_id = await candidates.make_candidate(database, site)
        headers = cast.partners[number].credential.headers
        if number == 1:
            # The first tenant has switched its rule off by now.
            switched = await client.patch(
                f"{LEARNING}/promoted-rules/{made[cast.site.id]}/status",
                json={"enabled": False, "reason": "It must stay stopped."},
                headers=cast.partners[0].credential.headers,
            )
            assert switched.status_code == 200
        answer = await client.post(
            f"{LEARNING}/candidates/{pattern_id}/approve", json={}, headers=headers
        )
        made[site.id] = answer.json()["rule_id"]

    assert made[cast.site.id] != made[cast.foreign_site.id]
    rows = await candidates.rows(
        database, "SELECT site_id, enabled FROM l1_rules WHERE source = 'promoted'"
    )
    assert {row["site_id"]: row["enabled"] for row in rows} == {
        cast.site.id: False,
        cast.foreign_site.id: True,
    }


async def test_f15_a_rule_switched_off_stays_off_when_another_host_is_approved(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    headers = cast.partners[0].credential.headers
    made = []
    for host in ("WS-1", "WS-2"):
        pattern_id = await candidates.make_candidate(database, cast.site, host)
        answer = await client.post(
            f"{LEARNING}/candidates/{pattern_id}/approve", json={}, headers=headers
        )
        made.append(answer.json()["rule_id"])
        if host == "WS-1":
            await client.patch(
                f"{LEARNING}/promoted-rules/{made[0]}/status",
                json={"enabled": False, "reason": "It must stay stopped."},
                headers=headers,
            )

    assert made[0] != made[1]
    rows = await candidates.rows(
        database, "SELECT rule_id, enabled FROM l1_rules WHERE source = 'promoted'"
    )
    assert {row["rule_id"]: row["enabled"] for row in rows} == {made[0]: False, made[1]: True}
