"""F43: bulk decisions wrote no audit entry, or one outside of their transaction.

Broken on purpose by writing the entry of the whole in a transaction of its own: decisions stay.
"""

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast

BULK = "/api/partners/me/learning/candidates/bulk"


async def _decided(database: db.Database) -> int:
    return len(await candidates.rows(database, "SELECT id FROM promotions"))


@pytest.mark.parametrize("deed", ["approve", "reject"])
async def test_f43_without_an_entry_of_the_whole_nothing_is_decided(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: db.Connection, deed: str
) -> None:
    ids = [await candidates.make_candidate(database, cast.site, f"WS-{n}") for n in range(3)]
    body = {"pattern_ids": ids} | ({"reason": "Not here."} if deed == "reject" else {})
    headers = cast.partners[0].credential.headers
    await owner.execute(
        "ALTER TABLE audit_entries ADD CONSTRAINT test CHECK (object_kind <> 'bulk')"
    )

    answer = await client.post(f"{BULK}-{deed}", json=body, headers=headers)

    assert answer.status_code == 500
    assert await _decided(database) == 0
    await owner.execute("ALTER TABLE audit_entries DROP CONSTRAINT test")
    assert (await client.post(f"{BULK}-{deed}", json=body, headers=headers)).status_code == 200
    assert await _decided(database) == 3
    entries = await candidates.rows(
        database,
        "SELECT object_kind, actor FROM audit_entries "
        "WHERE object_kind IN ('bulk', 'candidate') ORDER BY id",
    )
    assert [row["object_kind"] for row in entries] == ["candidate"] * 3 + ["bulk"]
    assert len({row["actor"] for row in entries}) == 1


async def test_f43_an_item_without_its_entry_is_not_decided(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: db.Connection
) -> None:
    ids = [await candidates.make_candidate(database, cast.site, f"WS-{n}") for n in range(2)]
    await owner.execute(
        f"ALTER TABLE audit_entries ADD CONSTRAINT test CHECK (object_id <> '{ids[0]}')"
    )

    answer = await client.post(
        f"{BULK}-approve",
        json={"pattern_ids": ids, "deploy_immediately": False},
        headers=cast.partners[0].credential.headers,
    )

    assert [each["verdict"] for each in answer.json()["results"]] == ["failed", "approved"]
    assert await _decided(database) == 1
