"""Appliances that are gone or doubled: removed, merged, and in nobody's way meanwhile."""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from tests import bundles, cast as people, deliveries as walk, ordering, planning
from tests.cast import Cast, CastAppliance, CastPerson, CastSite
from tests.checking_in import check_in
from tests.rules.test_agent_sync import add, learnt
from tests.telemetry import execution, send, turn

REASON = {"reason": "It was replaced."}
LONG_AGO = dt.timedelta(hours=30)


@pytest.fixture(params=["partner technician", "operator admin"])
def person(request: pytest.FixtureRequest, cast: Cast) -> CastPerson:
    return cast.people[request.param]


@pytest.fixture
async def ghost(database: db.Database, cast: Cast, owner: db.Connection) -> CastAppliance:
    """Return an appliance beside the cast's that has not been seen for long."""
    made = await people.make_appliance(database, cast.site)
    await owner.execute(
        "UPDATE appliances SET last_seen_at = now() - $2::interval WHERE id = $1",
        made.id,
        LONG_AGO,
    )
    return made


async def tell(
    client: httpx.AsyncClient, person: CastPerson, appliance: CastAppliance, verb: str, **body: Any
) -> httpx.Response:
    return await client.post(
        f"/api/sites/{appliance.site.slug}/appliances/{appliance.wire_id}/{verb}",
        json=REASON | body,
        headers=person.headers,
    )


async def test_a_removed_appliance_is_awaited_nowhere_and_comes_back_by_itself(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    person: CastPerson,
    ghost: CastAppliance,
) -> None:
    order = await ordering.issue(database, ghost)
    rule = await add(database, learnt())
    await walk.turn(client)
    assert await _kinds(client, cast) == ["appliance_silent"]

    answer = bundles.good(await tell(client, person, ghost, "remove"))

    assert answer["cancelled_orders"] == [order.id]
    assert (await ordering.stored(database, order.id)).state == "cancelled"
    assert await _kinds(client, cast) == []
    assert ghost.wire_id not in await _appliances(client, cast)
    await walk.turn(client, clock.now() + dt.timedelta(hours=3))
    deliveries = await client.get(
        f"/api/admin/rules/{rule.id}/deliveries", headers=cast.viewer.headers
    )
    assert ghost.wire_id not in deliveries.text
    (entry,) = await _entries(client, cast, "appliance.remove")
    assert (entry["object_id"], entry["after"]["reason"]) == (str(ghost.id), REASON["reason"])
    # Removing it again, and anything else that names it, finds nothing.
    assert (await tell(client, person, ghost, "remove")).status_code == 404

    back = await walk.check_in(client, ghost, walk.NEWER)

    assert back["appliance_id"] == ghost.wire_id
    assert ghost.wire_id in await _appliances(client, cast)


async def test_what_a_doubled_appliance_had_follows_to_the_machine_that_it_is(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    person: CastPerson,
    ghost: CastAppliance,
) -> None:
    """Broken by leaving out any one of the moves of `fleet.store.appliance_merges`."""
    kept = cast.appliance
    agent = await bundles.agent_of(database, ghost)
    bundle = await bundles.submitted(database, agent)
    done = await ordering.issue(database, ghost)
    await walk.answer_order(client, ghost, {"order_id": done.id})
    rule = await add(database, learnt())
    await walk.check_in(client, ghost, walk.NEWER)
    await walk.turn(client)
    (order,) = (await walk.check_in(client, ghost, walk.NEWER))["pending_orders"]
    await walk.answer_order(client, ghost, order)
    await walk.turn(client)
    plan = await planning.make_waiting(database, ghost)
    await _seen_long_ago(database, ghost)

    outcome = bundles.good(await tell(client, person, ghost, "merge", into=kept.wire_id))

    assert (outcome["appliance_id"], outcome["others"]) == (kept.wire_id, [ghost.wire_id])
    # Its delivery, its evidence and its orders.
    assert (await walk.standing(database, rule, kept)).delivered_by == "order"
    listed = await client.get(
        bundles.read_url(cast.site) + f"?appliance_id={kept.wire_id}", headers=cast.viewer.headers
    )
    assert [each["bundle_id"] for each in listed.json()["items"]] == [bundle.bundle_id]
    orders = await client.get(
        f"/api/sites/{cast.site.slug}/appliances/{kept.wire_id}/orders", headers=cast.viewer.headers
    )
    assert done.id in [each["order_id"] for each in orders.json()["items"]]
    # Its keys: the one that it signs with, and the one that it checks in with.
    bundles.good(await agent.submit(client))
    told = await walk.check_in(client, ghost, walk.NEWER)
    assert told["appliance_id"] == kept.wire_id
    # What still calls it by its old name, and a plan that waits for it.
    poll = await client.get(
        f"/api/sites/{cast.site.slug}/appliances/{ghost.wire_id}/orders/pending",
        headers=cast.site.headers,
    )
    assert poll.json()["appliance_id"] in {kept.wire_id, ghost.wire_id}
    approved = await client.post(
        f"/api/partners/me/plans/{plan}/approve",
        json={"notes": ""},
        headers=cast.session("partner technician"),
    )
    assert approved.status_code == 200, approved.text
    assert len((await walk.check_in(client, kept, walk.NEWER))["pending_orders"]) == 1
    assert await _appliances(client, cast) == [kept.wire_id]
    assert len(await _entries(client, cast, "appliance.merge")) == 1


async def test_executions_of_a_merged_appliance_count_for_the_one_that_it_is(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, ghost: CastAppliance
) -> None:
    rule = await add(database, learnt())
    await walk.check_in(client, cast.appliance, walk.NEWER)
    await walk.turn(client)
    body = execution(
        resolution_level="L1",
        runbook_id=rule.rule_id,
        incident_type=rule.incident_type,
        appliance_id=ghost.wire_id,
    )
    await send(client, cast.site, [body])
    bundles.good(
        await tell(
            client, cast.people["operator admin"], ghost, "merge", into=str(cast.appliance.id)
        )
    )

    await turn(client, cast.admin)

    assert (await walk.standing(database, rule, cast.appliance)).matches == 1


async def test_two_living_machines_are_not_merged(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, person: CastPerson
) -> None:
    other = await people.make_appliance(database, cast.site)
    await walk.check_in(client, cast.appliance, walk.NEWER, hostname="one")
    await walk.check_in(client, other, walk.NEWER, hostname="two")

    refused = await tell(client, person, other, "merge", into=cast.appliance.wire_id)

    assert refused.status_code == 409
    assert "living" in refused.json()["detail"]
    itself = await tell(client, person, other, "merge", into=other.wire_id)
    assert itself.status_code == 422
    # Under one name and with one key they are one machine that was registered twice.
    await walk.check_in(client, other, walk.NEWER, hostname="one")
    assert (
        await tell(client, person, other, "merge", into=cast.appliance.wire_id)
    ).status_code == 200


async def test_a_ghost_blocks_no_approval_of_a_plan(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, ghost: CastAppliance
) -> None:
    """A shared key does not say who asked: the only living appliance did."""
    await walk.check_in(client, cast.appliance, walk.NEWER)
    plan = await planning.make_waiting(database, ghost)
    await _forget_asker(database, cast.site)

    approved = await client.post(
        f"/api/partners/me/plans/{plan}/approve",
        json={"notes": ""},
        headers=cast.session("partner technician"),
    )

    assert approved.status_code == 200, approved.text
    (order,) = (await walk.check_in(client, cast.appliance, walk.NEWER))["pending_orders"]
    assert order["order_type"] == "healing"


async def test_viewers_and_strangers_remove_nothing(
    client: httpx.AsyncClient, cast: Cast, ghost: CastAppliance
) -> None:
    for role, status in (("partner viewer", 403), ("client admin", 403), ("operator viewer", 403)):
        answer = await tell(client, cast.people[role], ghost, "remove")
        assert answer.status_code == status, role
    foreign = await tell(client, cast.foreign_people["partner owner"], ghost, "remove")
    assert foreign.status_code == 404
    assert ghost.wire_id in await _appliances(client, cast)


async def test_an_appliance_that_comes_back_under_its_old_identity_is_found_again(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    site = await people.make_site(database)
    technician = await people.make_person(database, "technician", partner_id=site.partner_id)
    old = await check_in(client, site, site_id=site.slug, mac_address="02:00:5e:00:00:01")
    new = await check_in(
        client, site, site_id=site.slug, mac_address="02:00:5e:00:00:02", hostname="other"
    )
    path = f"/api/sites/{site.slug}/appliances/{old['appliance_id']}"
    await client.post(f"{path}/remove", json=REASON, headers=technician.headers)

    again = await check_in(client, site, site_id=site.slug, mac_address="02:00:5e:00:00:01")
    other = await check_in(
        client, site, site_id=site.slug, mac_address="02:00:5e:00:00:02", hostname="other"
    )

    assert (again["appliance_id"], other["appliance_id"]) == (
        old["appliance_id"],
        new["appliance_id"],
    )


async def _kinds(client: httpx.AsyncClient, cast: Cast) -> list[str]:
    """Return the kinds of the alarms of the first partner about silence and delivery."""
    answer = await client.get("/api/partners/me/alarms", headers=cast.session("partner viewer"))
    return [each["kind"] for each in bundles.good(answer)["items"]]


async def _appliances(client: httpx.AsyncClient, cast: Cast) -> list[str]:
    answer = await client.get(
        f"/api/admin/appliances?site_id={cast.site.slug}", headers=cast.viewer.headers
    )
    return [each["appliance_id"] for each in answer.json()["items"]]


async def _entries(client: httpx.AsyncClient, cast: Cast, action: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/admin/audit?action={action}", headers=cast.viewer.headers)
    return [each for each in answer.json()["items"] if each["action"] == action]


async def _seen_long_ago(database: db.Database, appliance: CastAppliance) -> None:
    async with db.transaction(database, appliance.site.scope) as connection:
        await connection.execute(
            "UPDATE appliances SET last_seen_at = now() - $2::interval WHERE id = $1",
            appliance.id,
            LONG_AGO,
        )


async def _forget_asker(database: db.Database, site: CastSite) -> None:
    async with db.transaction(database, site.scope) as connection:
        await connection.execute("UPDATE plans SET appliance_id = NULL WHERE site_id = $1", site.id)
