"""The demonstration's tenants: made once, and remembered with their keys for their owner only."""

import stat
from pathlib import Path

import httpx
import pytest

from flywheel_server import db, errors
from flywheel_server.fleet import world
from flywheel_server.fleet.messages import Dialect
from flywheel_server.fleet.operator_api import OperatorApi
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
