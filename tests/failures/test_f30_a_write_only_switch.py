"""F30: l2_mode was stored and never delivered.

Broken on purpose by answering check-ins from memory whatever was announced: the first test fails;
by showing the desired value as the reported one: the second does; and by planning in any mode: the
third.
"""

import httpx

from flywheel_server.core import db, listener
from tests import deliveries as walk, parts, planning
from tests.cast import STAGE, Cast


async def _want(database: db.Database, cast: Cast, mode: str) -> None:
    async with db.transaction(database, STAGE) as connection:
        await connection.execute(
            "UPDATE appliances SET desired_l2_mode = $2 WHERE id = $1", cast.appliance.id, mode
        )
        await db.announce(connection, listener.APPLIANCES, str(cast.appliance.id))


async def _shown(client: httpx.AsyncClient, cast: Cast) -> dict[str, object]:
    answer = await client.get("/api/admin/appliances", headers=cast.viewer.headers)
    (mine,) = [each for each in answer.json()["items"] if each["id"] == str(cast.appliance.id)]
    shown: dict[str, object] = mine["l2_mode"]
    return shown


async def test_f30_the_next_check_in_tells_what_was_set_also_from_memory(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    parts.of(client).listener._heard_at = float("inf")
    for mode in ("disabled", "manual", "auto"):
        await _want(database, cast, mode)
        for _ in range(3):
            told = await walk.check_in(client, cast.appliance, walk.OLDER)
            assert told["l2_mode"] == mode


async def test_f30_a_setting_is_pending_until_the_appliance_says_otherwise(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await _want(database, cast, "manual")
    await walk.check_in(client, cast.appliance, walk.OLDER)
    silent = await _shown(client, cast)
    assert (silent["desired"], silent["reported"], silent["state"]) == (
        "manual",
        None,
        "not reported",
    )
    for reported, state in (("auto", "pending"), ("manual", "applied")):
        await walk.check_in(client, cast.appliance, walk.OLDER, active_l2_mode=reported)
        shown = await _shown(client, cast)
        assert (shown["reported"], shown["state"]) == (reported, state)


async def test_f30_the_server_obeys_a_mode_before_the_appliance_has_heard_of_it(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    path = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/l2-mode"
    changed = await client.patch(path, json={"l2_mode": "disabled"}, headers=cast.admin.headers)
    assert changed.status_code == 200, changed.text

    told = await planning.ask(client, cast.site, cast.appliance.credential)

    assert told["escalate_to_l3"] is True
    (record,) = await planning.decisions(database)
    assert (record["mode"], record["reason"]) == ("disabled", "disabled")
