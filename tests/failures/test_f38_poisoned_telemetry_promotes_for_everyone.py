"""F38: `site_id` was believed from the body, and one tenant's telemetry promoted for all.

Identity comes from the credential. Broken on purpose by not calling `access.own_site` for batches;
by leaving `largest_organization_share` out of the gates: the second test fails.
"""

from typing import Any

import httpx

from tests import cast as people, telemetry
from tests.cast import Cast


async def test_f38_a_key_speaks_for_its_own_site_only(
    client: httpx.AsyncClient, cast: Cast, database: Any
) -> None:
    sites = await people.make_organizations(database, 6)
    for site in sites:
        response = await client.post(
            "/api/agent/executions/batch",
            json={"site_id": site.slug, "executions": telemetry.executions(5)},
            headers=sites[0].headers,
        )
        assert response.status_code == (200 if site is sites[0] else 403)

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert (pattern["organizations"], pattern["occurrences"]) == (1, 5)


async def test_f38_the_largest_organizations_share_is_shown_and_can_be_capped(
    client: httpx.AsyncClient, cast: Cast, database: Any
) -> None:
    loud, *others = await people.make_organizations(database, 6)
    capped = {"max_organization_share": 0.5, "reason": "Nobody decides alone."}
    answer = await client.put("/api/admin/flywheel/policy", json=capped, headers=cast.admin.headers)
    assert answer.status_code == 200
    await telemetry.send(client, loud, telemetry.executions(100))
    for site in others:
        await telemetry.send(client, site, telemetry.executions(1))

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert pattern["largest_organization"] == 100
    assert pattern["failing"] == ["largest_organization_share"]
    assert await telemetry.items(client, cast.admin, "rules?source=platform") == []
