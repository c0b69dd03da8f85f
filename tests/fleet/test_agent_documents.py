"""What appliances send to be kept whole: the newest of each kind, for each appliance."""

import asyncio
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import cast as people
from tests.cast import STAGE, Cast, CastSite

HOUSEKEEPING = {
    "/api/appliances/domain-discovered": "domain-discovered",
    "/api/appliances/enumeration-results": "enumeration-results",
    "/api/appliances/agent-deployments": "agent-deployments",
    "/api/devices/sync": "devices",
    "/api/learning/promotion-report": "promotion-report",
}


async def post(client: httpx.AsyncClient, path: str, site: CastSite, body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body, headers=site.headers)
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


async def documents(database: db.Database) -> list[dict[str, Any]]:
    async with db.transaction(database, STAGE) as connection:
        found = await connection.fetch(
            "SELECT site_id, appliance_id, kind, body FROM appliance_documents ORDER BY kind"
        )
    return [dict(row) for row in found]


@pytest.mark.parametrize(("path", "kind"), HOUSEKEEPING.items())
async def test_the_newest_document_of_a_kind_is_kept_with_its_appliance(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, path: str, kind: str
) -> None:
    body = {"site_id": cast.site.slug, "appliance_id": cast.appliance.wire_id, "hosts": ["a"]}
    assert await post(client, path, cast.site, body) == {"status": "ok"}
    newer = body | {"hosts": ["a", {"b": None, "c": 1.5}]}
    assert await post(client, path, cast.site, newer) == {"status": "ok"}
    assert await documents(database) == [
        {
            "site_id": cast.site.id,
            "appliance_id": cast.appliance.id,
            "kind": kind,
            "body": newer,
        }
    ]


async def test_a_document_finds_its_appliance_by_key_then_name_then_being_the_only_one(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    path = "/api/devices/sync"

    async def owner(headers: dict[str, str], **body: Any) -> Any:
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == 200
        async with db.transaction(database, STAGE) as connection:
            return await connection.fetchval(
                "SELECT appliance_id FROM appliance_documents ORDER BY received_at DESC LIMIT 1"
            )

    ours = cast.site.headers
    assert await owner(ours) == cast.appliance.id
    assert await owner(ours, appliance_id="unknown") == cast.appliance.id
    other = await people.make_appliance(database, cast.site)
    assert await owner(ours, appliance_id=other.wire_id) == other.id
    assert await owner(ours, appliance_id=str(other.id)) == other.id
    assert await owner(cast.appliance.credential.headers, appliance_id=other.wire_id) == (
        cast.appliance.id
    )
    assert await owner(ours) is None
    assert await owner(ours, appliance_id="unknown") is None
    # Another site's appliance is none of ours.
    foreign = await people.make_appliance(database, cast.neighbour)
    assert await owner(ours, appliance_id=foreign.wire_id) is None
    assert len(await documents(database)) == 3


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"a": "' + b"x" * 60_000 + b'"}', 200),
        (b'{"a": [' + b",".join([b'"' + b"x" * 60_000 + b'"'] * 18) + b"]}", 413),
        (b'{"a": "' + b"x" * 70_000 + b'"}', 200),
        (rb'{"a": "\u0000"}', 200),
        (rb'{"\u0000": 1}', 200),
        (rb'{"a": "\ud800"}', 200),
        (rb'{"\ud800": 1}', 200),
        (b'{"a": 9223372036854775808}', 200),
        (b'{"a": 1e400}', 200),
        (b'{"a": NaN}', 200),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", 200),
        (b'{"a": ' + b"[" * 40_000 + b"]" * 40_000 + b"}", 200),
        (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", 413),
        (b'{"a": "\xff"}', 200),
        (b"[]", 200),
        (b"null", 422),
        (b"", 422),
        (b'{"site_id": 5}', 422),
        (b'{"site_id": "other"}', 403),
        (b'{"appliance_id": 5}', 422),
        (b'{"site_id": {}}', 422),
        (b'{"a": 1e300, "b": -9223372036854775808, "c": "\xf0\x9f\x98\x80"}', 200),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_document_is_kept_cleaned_or_refused(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, content: bytes, status: int
) -> None:
    answer = await client.post("/api/devices/sync", content=content, headers=cast.site.headers)
    assert answer.status_code == status, answer.text[:500]
    assert len(await documents(database)) == (status == 200)
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"


async def test_of_duplicate_keys_the_last_wins(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    text = f'{{"site_id": "other", "a": 1, "a": {{"b": 1, "b": 2}}, "site_id": "{cast.site.slug}"}}'
    answer = await client.post("/api/devices/sync", content=text, headers=cast.site.headers)
    assert answer.status_code == 200
    (kept,) = await documents(database)
    assert kept["body"]["a"] == {"b": 2}


async def test_documents_at_once_leave_one(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await asyncio.gather(
        *(post(client, "/api/devices/sync", cast.site, {"number": n}) for n in range(8))
    )
    assert len(await documents(database)) == 1
