"""Check-ins: which appliance it is, by its key, its MAC, its agent's key or its name."""

import asyncio
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.fleet.store import appliances as store
from tests import cast as people
from tests.cast import Cast, CastSite
from tests.checking_in import URL, WIRE_ID, check_in, row, rows


@pytest.fixture(params=[True, False], ids=["fast path", "ordinary route"])
def hot(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def site(database: db.Database) -> CastSite:
    return await people.make_site(database, slug="site-lab-01")


@pytest.mark.parametrize("mac", ["02-00-5E-10-00-01", "02:00:5E:10:00:01", "02005e100001"])
async def test_a_mac_in_any_form_is_the_same_appliance(
    client: httpx.AsyncClient, site: CastSite, database: db.Database, mac: str
) -> None:
    await check_in(client, site)
    assert (await check_in(client, site, mac_address=mac))["appliance_id"] == WIRE_ID
    assert len(await rows(database, site)) == 1


async def test_one_without_a_mac_keeps_its_id_when_it_shows_one(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    before = await check_in(client, site, mac_address="00:00:00:00:00:00")
    after = await check_in(client, site)
    assert after["appliance_id"] == before["appliance_id"]
    assert (await row(database, site))["mac"] == "02:00:5E:10:00:01"
    # And the one that it has now identifies it, under another name and key too.
    renamed = await check_in(client, site, hostname="new", agent_public_key="b" * 64)
    assert renamed["appliance_id"] == before["appliance_id"]


async def test_a_bound_key_says_who_it_is_whatever_the_body_says(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    headers = cast.appliance.credential.headers
    other = await people.make_appliance(database, cast.site)
    for mac in ("02:00:5e:99:00:01", "", other.wire_id[-17:]):
        body = {"hostname": "x", "mac_address": mac}
        answer = await client.post(URL, json=body, headers=headers)
        assert answer.json()["appliance_id"] == cast.appliance.wire_id
    stored = {each["wire_id"]: each["mac"] for each in await rows(database, cast.site)}
    assert stored[cast.appliance.wire_id] == "02:00:5E:99:00:01"
    assert stored[other.wire_id] == other.wire_id[-17:]


async def test_a_renamed_site_keeps_every_id_and_leaves_room_for_its_old_name(
    client: httpx.AsyncClient, site: CastSite, database: db.Database, address: Any
) -> None:
    await check_in(client, site)
    owner = await db.connect(address.owner_url, role="none")
    await owner.execute("UPDATE sites SET slug = 'renamed' WHERE id = $1", site.id)
    await owner.close()
    successor = await people.make_site(database, slug="site-lab-01")
    made = await check_in(client, successor)
    assert made["appliance_id"].startswith(f"{WIRE_ID}-")
    assert (await row(database, site))["wire_id"] == WIRE_ID
    assert await check_in(client, successor) | {"server_time": 0} == made | {"server_time": 0}


async def test_concurrent_first_check_ins_make_one_appliance(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    answers = await asyncio.gather(*(check_in(client, site) for _ in range(12)))
    assert {answer["appliance_id"] for answer in answers} == {WIRE_ID}
    nameless = await asyncio.gather(
        *(check_in(client, site, mac_address="", agent_public_key="c" * 64) for _ in range(12))
    )
    assert len({answer["appliance_id"] for answer in nameless}) == 1
    assert len(await rows(database, site)) == 2


async def test_an_appliance_is_found_by_each_of_its_names(
    client: httpx.AsyncClient, site: CastSite, cast: Cast, database: db.Database
) -> None:
    await check_in(client, site)
    bare = await check_in(client, site, mac_address="", agent_public_key="", hostname="bare")
    ids = {each["wire_id"]: each["id"] for each in await rows(database, site)}
    names = {
        WIRE_ID: WIRE_ID,
        WIRE_ID.replace(":", "-"): WIRE_ID,
        WIRE_ID.lower(): WIRE_ID,
        WIRE_ID.upper(): WIRE_ID,
        str(ids[WIRE_ID]): WIRE_ID,
        str(ids[WIRE_ID]).upper(): WIRE_ID,
        bare["appliance_id"]: bare["appliance_id"],
        "site-lab-01-00:00:00:00:00:00": bare["appliance_id"],
        "site-lab-01-00-00-00-00-00-00": bare["appliance_id"],
    }
    async with db.transaction(database, site.scope) as connection:
        for text, wire_id in names.items():
            found = await store.resolve(connection, site.id, text)
            assert found is not None, text
            assert found.wire_id == wire_id, text
        for text in ("", "nobody", "other-02:00:5E:10:00:01", "other-00:00:00:00:00:00", "x" * 900):
            assert await store.resolve(connection, site.id, text) is None, text
    async with db.transaction(database, cast.site.scope) as connection:
        assert await store.resolve(connection, site.id, WIRE_ID) is None
        assert await store.resolve(connection, cast.site.id, str(ids[WIRE_ID])) is None


async def test_zeros_name_nobody_where_two_have_no_mac(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    for number in ("1", "2"):
        await check_in(client, site, mac_address="", agent_public_key=number * 64)
    async with db.transaction(database, site.scope) as connection:
        zeros = "site-lab-01-00:00:00:00:00:00"
        assert await store.resolve(connection, site.id, zeros) is None
