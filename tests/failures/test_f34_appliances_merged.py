"""F34: two appliances of one site shared an identity, and the same host name merged them.

Broken on purpose by asking for the host name first in `fleet.model.appliances.identify`: the first
test fails; by not comparing keys there (`_keys_differ`): the second fails; and by preferring a
shared key over the MAC: the third fails.
"""

from typing import Any

import httpx

from flywheel_server.core import db
from tests.cast import CastSite
from tests.checking_in import check_in, rows
from tests.fleet.test_checkin import site

__all__ = ["site"]


async def together(client: httpx.AsyncClient, site: CastSite, *reports: dict[str, Any]) -> set[str]:
    """Let machines check in by turns, three times; return the ids they were told."""
    told = set()
    for _ in range(3):
        for number, report in enumerate(reports):
            told.add((number, (await check_in(client, site, **report))["appliance_id"]))
    assert len(told) == len(reports), "an appliance was told two ids"
    return {appliance_id for _, appliance_id in told}


async def test_f34_one_host_name_and_two_macs_are_two_appliances(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    keyless = {"hostname": "nixos", "agent_public_key": None}
    ids = await together(
        client,
        site,
        keyless | {"mac_address": "02:00:5e:00:00:01"},
        keyless | {"mac_address": "02:00:5e:00:00:02"},
    )
    assert len(ids) == len(await rows(database, site)) == 2


async def test_f34_one_host_name_and_two_keys_are_two_appliances(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    macless = {"hostname": "nixos", "mac_address": ""}
    ids = await together(
        client,
        site,
        macless | {"agent_public_key": "a" * 64},
        macless | {"agent_public_key": "b" * 64},
    )
    stored = await rows(database, site)
    assert len(ids) == len(stored) == 2
    assert {row["agent_public_key"] for row in stored} == {"a" * 64, "b" * 64}


async def test_f34_copies_of_one_disk_image_are_two_appliances(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    # Under one name they look like one machine with two network cards: that is one appliance.
    copy = {"agent_public_key": "a" * 64}
    ids = await together(
        client,
        site,
        copy | {"hostname": "nixos-1", "mac_address": "02:00:5e:00:00:01"},
        copy | {"hostname": "nixos-2", "mac_address": "02:00:5e:00:00:02"},
    )
    assert len(ids) == len(await rows(database, site)) == 2


async def test_f34_a_late_mac_keeps_the_id_and_takes_nobody_elses(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    first = await check_in(client, site, mac_address="", agent_public_key="a" * 64)
    other = await check_in(client, site, mac_address="02:00:5e:00:00:02", agent_public_key="b" * 64)
    later = await check_in(client, site, mac_address="02:00:5e:00:00:01", agent_public_key="a" * 64)
    assert later["appliance_id"] == first["appliance_id"] != other["appliance_id"]
    assert len(await rows(database, site)) == 2
