"""Which machine checks in: other network cards, MACs of every form, machines that take turns."""

import json
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import cast as people, parts
from tests.cast import CastSite
from tests.checking_in import SAMPLE, URL, WIRE_ID, check_in, row, rows

KEYS = ("a" * 64, "b" * 64)
FIRST, SECOND = "02:00:5E:10:00:01", "02:00:5E:10:00:02"


@pytest.fixture(params=[True, False], ids=["fast path", "ordinary route"])
def hot(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def site(database: db.Database) -> CastSite:
    return await people.make_site(database, slug="site-lab-01")


async def test_another_network_card_of_a_machine_is_the_same_appliance(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    """Go daemons report the first card that is up. Broken by asking for the MAC alone."""
    told = [
        (await check_in(client, site, mac_address=mac))["appliance_id"]
        for mac in (FIRST, SECOND, SECOND, FIRST, "0200.5e10.0003", "", FIRST)
    ]

    assert set(told) == {WIRE_ID}
    assert (await row(database, site))["mac"] == FIRST
    assert await _alarms(client, site) == []


async def test_a_card_that_moves_to_another_machine_takes_nothing_with_it(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    one = {"hostname": "one", "agent_public_key": KEYS[0]}
    two = {"hostname": "two", "agent_public_key": KEYS[1]}
    first = await check_in(client, site, **one, mac_address=FIRST)
    second = await check_in(client, site, **two, mac_address=SECOND)

    moved = await check_in(client, site, **two, mac_address=FIRST)
    left = await check_in(client, site, **one, mac_address="02:00:5e:10:00:03")

    assert moved["appliance_id"] == second["appliance_id"]
    assert left["appliance_id"] == first["appliance_id"]
    assert len(await rows(database, site)) == 2


@pytest.mark.parametrize(
    ("mac", "kept"),
    [
        ("02:00:5e:ff:fe:10:00:01", "02:00:5E:FF:FE:10:00:01"),
        (":".join(["80"] * 20), ":".join(["80"] * 20)),
        ("0200.5e10.0001", FIRST),
        ("no MAC here", None),
        ("eth0: 02:00:5e", None),
        ("ff:ff:ff:ff:ff:ff", None),
        ("x" * 5_000, None),
        (["02:00:5e:10:00:01"], None),
        (17, None),
        ("a\x00b\ud800", None),
    ],
    ids=range(10),
)
async def test_no_mac_keeps_an_appliance_from_checking_in(
    client: httpx.AsyncClient, site: CastSite, database: db.Database, mac: Any, kept: str | None
) -> None:
    body = SAMPLE | {"mac_address": mac}
    answers = [await client.post(URL, content=_ascii(body), headers=site.headers) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    assert len({answer.json()["appliance_id"] for answer in answers}) == 1
    assert (await row(database, site))["mac"] == kept


async def test_what_stands_in_place_of_a_mac_is_shown_to_people(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    operator = (await people.make_person(database, "viewer")).headers
    await check_in(client, site, mac_address="wlan0")
    url = f"/api/admin/appliances?site_id={site.slug}"
    (item,) = (await client.get(url, headers=operator)).json()["items"]
    assert (item["mac"], item["reported_mac"]) == (None, "wlan0")
    await check_in(client, site)
    (item,) = (await client.get(url, headers=operator)).json()["items"]
    assert (item["mac"], item["reported_mac"]) == (FIRST, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"hostname": "a"}, {"hostname": "b"}),
        ({"agent_public_key": KEYS[0]}, {"agent_public_key": KEYS[1]}),
        (
            {"hostname": "a", "agent_public_key": KEYS[0]},
            {"hostname": "b", "agent_public_key": KEYS[1]},
        ),
        (
            {"mac_address": FIRST, "uptime_seconds": 100},
            {"mac_address": SECOND, "uptime_seconds": 90_000},
        ),
    ],
    ids=["names", "keys", "both", "copies under one name"],
)
async def test_two_machines_that_take_turns_are_an_alarm_until_they_are_told_apart(
    client: httpx.AsyncClient,
    site: CastSite,
    database: db.Database,
    one: dict[str, Any],
    other: dict[str, Any],
) -> None:
    """F72: an alarm that nobody can end. Broken by not sharing the MAC when they are split."""
    technician = await people.make_person(database, "technician", partner_id=site.partner_id)
    told = {
        (await check_in(client, site, **each))["appliance_id"] for each in (one, other, one, other)
    }
    assert told == {WIRE_ID}
    (alarm,) = await _alarms(client, site)
    assert alarm["appliance_id"] == WIRE_ID
    assert "split" in alarm["what_to_do"]

    split = await client.post(
        f"/api/sites/{site.slug}/appliances/{WIRE_ID}/split",
        json={"reason": "Two virtual machines were cloned."},
        headers=technician.headers,
    )

    assert split.status_code == 200, split.text
    for _ in range(2):
        ids = [(await check_in(client, site, **each))["appliance_id"] for each in (one, other)]
        assert sorted(ids) == sorted([split.json()["appliance_id"], *split.json()["others"]])
    assert await _alarms(client, site) == []
    assert len(await rows(database, site)) == 2


async def test_a_machine_that_is_set_up_again_takes_no_turns(
    client: httpx.AsyncClient, site: CastSite
) -> None:
    for key, host in ((KEYS[0], "vm"), (KEYS[1], "vm"), (KEYS[1], "renamed")):
        await check_in(client, site, agent_public_key=key, hostname=host)
    assert await _alarms(client, site) == []


async def test_a_turn_is_no_alarm_for_longer_than_a_day(
    client: httpx.AsyncClient, site: CastSite, owner: db.Connection
) -> None:
    for host in ("a", "b", "a"):
        await check_in(client, site, hostname=host)
    assert len(await _alarms(client, site)) == 1
    await owner.execute(
        "UPDATE appliance_identities SET turned_at = turned_at - interval '25 hours'"
        " WHERE turned_at IS NOT NULL"
    )
    assert await _alarms(client, site) == []


def _ascii(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


async def _alarms(client: httpx.AsyncClient, site: CastSite) -> list[dict[str, Any]]:
    """Return the alarms about machines that take turns, which partner and operators see alike."""
    database = parts.of(client).database
    seen = []
    for path, person in (
        ("/api/admin/alarms", await people.make_person(database, "viewer")),
        (
            "/api/partners/me/alarms",
            await people.make_person(database, "viewer", partner_id=site.partner_id),
        ),
    ):
        answer = await client.get(path, headers=person.headers)
        assert answer.status_code == 200, answer.text
        seen.append(
            [each for each in answer.json()["items"] if each["kind"] == "machines_take_turns"]
        )
    assert seen[0] == seen[1]
    return seen[0]
