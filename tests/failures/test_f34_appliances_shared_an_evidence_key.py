"""F34: two appliances of one site shared an evidence key and locked each other out.

Broken on purpose: with one key per site (``of_site`` without its appliance, `retire` for the site),
the second appliance's check-in ends the first one's key, and the first test fails.
"""

import httpx

from flywheel_server.core import db
from tests import bundles, cast as people
from tests.bundles import Agent
from tests.cast import CastSite
from tests.checking_in import check_in
from tests.fleet.test_checkin import site

__all__ = ["site"]


async def test_f34_appliances_of_one_site_and_one_host_name_sign_with_keys_of_their_own(
    client: httpx.AsyncClient, site: CastSite
) -> None:
    agents = [Agent(site) for _ in range(3)]
    for _ in range(2):
        for number, agent in enumerate(agents):
            await check_in(
                client,
                site,
                hostname="nixos",
                mac_address=f"02:00:5e:00:00:0{number}",
                agent_public_key=agent.public_key,
            )
            answer = await agent.submit(client)
            assert answer.status_code == 200, answer.text


async def test_f34_a_key_that_two_copies_of_a_disk_share_locks_neither_out(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    agent = Agent(site)
    for number in (1, 2):
        await check_in(
            client,
            site,
            hostname=f"nixos-{number}",
            mac_address=f"02:00:5e:00:00:0{number}",
            agent_public_key=agent.public_key,
        )
    assert (await agent.submit(client)).status_code == 200
    assert (await agent.submit(client)).status_code == 200
    # Whose they are nobody can tell, so nobody is named.
    assert {row["appliance_id"] for row in await bundles.chain(database, site)} == {None}


async def test_f34_a_changed_key_never_stops_check_ins_nor_the_old_key(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    old, new = Agent(site), Agent(site)
    for agent in (old, new, old, new):
        told = await check_in(client, site, agent_public_key=agent.public_key)
        assert told["appliance_id"]
    assert (await old.submit(client)).status_code == 200
    assert (await new.submit(client)).json()["ots_status"] == "waiting"
    states = {key: state for key, (state, _) in (await bundles.keys(database, site)).items()}
    assert states == {old.public_key: "active", new.public_key: "waiting"}


async def test_f34_an_appliance_that_makes_keys_without_end_does_not_fill_the_table(
    database: db.Database, site: CastSite
) -> None:
    appliance = await people.make_appliance(database, site)
    for _ in range(55):
        await bundles.agent_of(database, appliance)

    assert len(await bundles.keys(database, site)) == 50
