"""F30: l2_mode was stored and never delivered. Desired and reported values are both kept.

Broken on purpose: with the mode taken from the request instead of the appliance's row, and with
``auto`` always sent at check-in, this fails.
"""

import httpx

from flywheel_server import db
from tests import deliveries, planning, telemetry
from tests.cast import Cast


async def test_a_mode_that_is_set_reaches_the_appliance_and_holds_at_the_server_at_once(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    before = await deliveries.check_in(client, cast.appliance, planning.NEWER)
    assert before["l2_mode"] == "auto"
    path = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/l2-mode"
    changed = await client.patch(path, json={"l2_mode": "disabled"}, headers=cast.admin.headers)
    assert changed.status_code == 200, changed.text

    # The server obeys before the appliance has heard of it …
    await planning.ask(client, cast.site, cast.appliance.credential)
    (record,) = await planning.decisions(database)
    assert (record["mode"], record["reason"]) == ("disabled", "disabled")
    # … which it does at its next check-in, and says so at the one after.
    told = await deliveries.check_in(client, cast.appliance, planning.NEWER)
    assert told["l2_mode"] == "disabled"
    await deliveries.check_in(
        client, cast.appliance, planning.NEWER, active_l2_mode=told["l2_mode"]
    )
    (shown,) = [
        each
        for each in await telemetry.items(client, cast.admin, "appliances")
        if each["id"] == str(cast.appliance.id)
    ]
    assert shown["l2_mode"]["desired"] == shown["l2_mode"]["reported"] == "disabled"
