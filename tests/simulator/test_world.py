"""The demonstration's tenants: made once, and remembered with their keys for their owner only."""

import json
import random
import stat
from pathlib import Path

import httpx
import pytest

from flywheel_server.core import db, errors
from simulator import own_keys, people, world
from simulator.appliance import Appliance
from simulator.link import Link
from simulator.messages import Dialect
from simulator.operator_api import OperatorApi
from tests import cast


async def operator_api(client: httpx.AsyncClient, database: db.Database) -> OperatorApi:
    return OperatorApi(client, (await cast.make_cast(database)).admin.credential.key)


async def test_two_partners_seven_organizations_nine_sites_are_made_once(
    client: httpx.AsyncClient, database: db.Database, tmp_path: Path
) -> None:
    api = await operator_api(client, database)
    made = world.fresh(tmp_path / "demo.json")
    assert await world.complete(made, api) == 2 + 2 + 7 + 9 + 9
    assert (len(made.partners), len(made.organizations), len(made.sites)) == (2, 7, 9)
    again = world.remembered(tmp_path / "demo.json")
    assert again == made
    assert again is not None
    assert await world.complete(again, api) == 0
    sites = [site async for site in api.pages("sites") if site["site_id"].startswith("demo-")]
    assert len(sites) == 9


async def test_an_interrupted_start_is_continued(
    client: httpx.AsyncClient, database: db.Database, tmp_path: Path
) -> None:
    api = await operator_api(client, database)
    made = world.fresh(tmp_path / "demo.json")
    await world.complete(made, api)
    # The server made the site, but we were killed before it was written down.
    forgotten = made.sites.pop("demo-riverbend")
    del made.site_keys["demo-riverbend"]
    assert await world.complete(made, api) == 2
    assert made.sites["demo-riverbend"] == forgotten


async def test_a_world_of_an_earlier_release_gets_its_people_once(
    client: httpx.AsyncClient, database: db.Database, tmp_path: Path
) -> None:
    api = await operator_api(client, database)
    made = world.fresh(tmp_path / "demo.json")
    await world.complete(made, api)
    content = json.loads((tmp_path / "demo.json").read_text())
    del content["people"], content["appliance_keys"]
    (tmp_path / "demo.json").write_text(json.dumps(content))
    old = world.remembered(tmp_path / "demo.json")
    assert old is not None
    assert await people.complete(old, api) == len(people.PEOPLE) == 5
    assert await people.complete(old, api) == 0
    # The server invited her, but we were killed before it was written down.
    lost = old.people.pop("owner@harbor-it.demo.invalid")
    assert await people.complete(old, api) == 1
    kept = world.remembered(tmp_path / "demo.json")
    assert kept == old
    assert lost not in old.people.values()
    for email, password in old.people.items():
        answer = await client.post("/api/auth/sign-in", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        client.cookies.clear()


async def test_making_people_leaves_no_session_behind(
    client: httpx.AsyncClient, database: db.Database, tmp_path: Path
) -> None:
    api = await operator_api(client, database)
    made = world.fresh(tmp_path / "demo.json")
    await world.complete(made, api)
    await people.complete(made, api)
    assert not client.cookies
    email, password = next(iter(made.people.items()))
    given = {"email": email, "password": password}
    opened = await client.post("/api/auth/sign-in", json=given)
    cookies = "; ".join(f"{name}={value}" for name, value in opened.cookies.items())
    listed = await client.get("/api/auth/sessions", headers={"Cookie": cookies})
    assert len(listed.json()["items"]) == 1


async def test_one_appliance_is_set_to_manual_once_and_has_a_key_of_its_own(
    client: httpx.AsyncClient, database: db.Database, tmp_path: Path
) -> None:
    api = await operator_api(client, database)
    made = world.fresh(tmp_path / "demo.json")
    await world.complete(made, api)
    assert await own_keys.complete(made, api, client, 9) == 0
    assert await own_keys.complete(made, api, client, 40) == 5
    assert await own_keys.complete(made, api, client, 40) == 0
    (identity, key), *_ = [
        member for member in world.members(made, 40) if member[1] not in made.site_keys.values()
    ]
    line = Link(client, key, Appliance(identity, random.Random(1)))
    await line.check_in(1)
    assert line.appliance.l2_mode == "manual"
    assert line.faults == {}


async def test_the_keys_work_for_their_sites(
    client: httpx.AsyncClient, database: db.Database, tmp_path: Path
) -> None:
    made = world.fresh(tmp_path / "demo.json")
    await world.complete(made, await operator_api(client, database))
    identity, key = world.members(made, 1)[0]
    answer = await client.get(
        f"/agent/sync?site_id={identity.site_id}", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200


def test_what_is_remembered_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.write_text("{}")
    path.chmod(0o644)
    world.fresh(path).save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"version": 99, "seed": 1}'])
def test_a_damaged_memory_is_told_with_its_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "demo.json"
    path.write_text(content)
    with pytest.raises(errors.SetupError, match="clean-demo"):
        world.remembered(path)


def test_forty_appliances_have_their_own_faces_and_every_organization_hears_the_truth() -> None:
    made = world.fresh(Path("unused"))
    made.site_keys = {f"demo-{number}": f"key-{number}" for number in range(9)}
    identities = [identity for identity, _ in world.members(made, 40)]
    assert len({identity.mac for identity in identities}) == 40
    assert len({identity.public_key for identity in identities}) == 40
    assert len({identity.hostname for identity in identities}) == 40
    truthful = {i.site_id for i in identities if i.dialect is Dialect.GO_NEWER}
    assert len(truthful) == 9
    assert {identity.dialect for identity in identities} == set(Dialect)
