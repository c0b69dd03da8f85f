"""F20: the same fault seen by three machines stayed under each one's threshold.

Broken on purpose by adding the appliance to the host's name in `fold_patterns`.
"""

from typing import Any

import httpx

from tests import cast as people, telemetry
from tests.cast import Cast


async def test_f20_what_three_appliances_of_a_site_report_is_one_pattern(
    client: httpx.AsyncClient, cast: Cast, database: Any
) -> None:
    for number in range(3):
        appliance = await people.make_appliance(
            database, cast.site, mac=f"02:00:00:00:01:0{number}"
        )
        response = await client.post(
            "/api/agent/executions/batch",
            json={"executions": telemetry.executions(2, appliance_id=appliance.wire_id)},
            headers=appliance.credential.headers,
        )
        assert response.status_code == 200

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["occurrences"], pattern["state"]) == (6, "eligible")
