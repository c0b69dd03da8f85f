import asyncio
import datetime as dt
import gzip
import json
from typing import Any

import asyncpg
import httpx
import pytest

from flywheel_server.core import clock, db, embedded
from tests.cast import STAGE, Cast, CastSite

PATH = "/api/logs/ingest"
LINE = {"ts": "2026-02-24T10:00:00Z", "unit": "sshd.service", "pri": 6, "msg": "session opened"}


async def rows(database: db.Database) -> list[dict[str, Any]]:
    async with db.transaction(database, STAGE) as connection:
        found = await connection.fetch(
            "SELECT site_id, received_at, logged_at, hostname, unit, priority, message"
            " FROM log_lines ORDER BY message"
        )
    return [dict(row) for row in found]


async def ship(client: httpx.AsyncClient, site: CastSite, *lines: Any) -> dict[str, Any]:
    answer = await client.post(
        PATH,
        json={"site_id": site.slug, "hostname": "vm", "batch": list(lines)},
        headers=site.headers,
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_gzipped_batch_is_kept(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    body = {"site_id": cast.site.slug, "hostname": "vm", "batch": [LINE, LINE | {"msg": "t"}]}
    answer = await client.post(
        PATH,
        content=gzip.compress(json.dumps(body).encode()),
        headers=cast.site.headers
        | {"Content-Encoding": "gzip", "Content-Type": "application/json"},
    )
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 2, "dropped": 0}
    first, _ = await rows(database)
    assert first["site_id"] == cast.site.id
    assert first["logged_at"] == dt.datetime(2026, 2, 24, 10, tzinfo=dt.UTC)
    assert (first["hostname"], first["unit"], first["priority"]) == ("vm", "sshd.service", 6)
    assert clock.now() - first["received_at"] < dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        5,
        "a line",
        [],
        {},
        {"msg": None},
    ],
    ids=lambda bad: str(bad)[:40],
)
async def test_a_bad_line_is_dropped_alone(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, bad: Any
) -> None:
    line = LINE | bad if isinstance(bad, dict) and bad else bad
    assert await ship(client, cast.site, LINE, line, LINE) == {"accepted": 2, "dropped": 1}
    assert [row["message"] for row in await rows(database)] == ["session opened"] * 2


async def test_a_line_with_a_lone_surrogate_is_kept_cleaned(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    text = r'{"batch": [{"msg": "\ud800"}, {"msg": "a", "unit": "\udc00"}, {"msg": "kept 😀"}]}'
    answer = await client.post(PATH, content=text, headers=cast.site.headers)
    assert answer.json() == {"accepted": 3, "dropped": 0}
    kept = sorted((row["message"], row["unit"]) for row in await rows(database))
    assert kept == [("a", "\ufffd"), ("kept 😀", ""), ("\ufffd", "")]


async def test_everything_but_the_message_may_be_null_and_unknown_fields_are_ignored(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    body = {
        "site_id": None,
        "hostname": None,
        "zz_new": 1,
        "batch": [
            {"ts": None, "unit": None, "pri": None, "msg": "a", "zz_new": "\x00"},
            {"msg": "b", "pri": "3"},
            {"msg": "c", "ts": "0001-01-01T00:00:00Z"},
        ],
    }
    answer = await client.post(PATH, json=body, headers=cast.site.headers)
    assert answer.json() == {"accepted": 3, "dropped": 0}
    kept = [(row["hostname"], row["unit"], row["priority"]) for row in await rows(database)]
    assert kept == [("", "", None), ("", "", 3), ("", "", None)]
    assert {row["logged_at"] for row in await rows(database)} == {None}


@pytest.mark.parametrize("body", [{"batch": None}, {"batch": []}, {}])
async def test_an_empty_batch_is_fine(
    client: httpx.AsyncClient, cast: Cast, body: dict[str, Any]
) -> None:
    answer = await client.post(PATH, json=body, headers=cast.site.headers)
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 0, "dropped": 0}


async def test_500_lines_are_taken_and_501_refused(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    assert (await ship(client, cast.site, *[LINE] * 500))["accepted"] == 500
    body = {"batch": [LINE] * 501}
    answer = await client.post(PATH, json=body, headers=cast.site.headers)
    assert answer.status_code == 413
    assert "500" in answer.json()["detail"]
    assert len(await rows(database)) == 500


@pytest.mark.parametrize(
    "changes",
    [
        {"batch": "lines"},
        {"batch": {"0": LINE}},
    ],
)
async def test_an_envelope_of_wrong_types_is_refused(
    client: httpx.AsyncClient, cast: Cast, changes: dict[str, Any]
) -> None:
    answer = await client.post(PATH, json={"batch": [LINE]} | changes, headers=cast.site.headers)
    assert answer.status_code == 422


async def test_damaged_and_oversize_gzip_is_refused(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    headers = cast.site.headers | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    whole = gzip.compress(json.dumps({"batch": [LINE]}).encode())
    bomb = gzip.compress(b" " * (8 * 1024 * 1024 + 1))
    for content, status in ((whole[:-5], 400), (b"no gzip", 400), (b"", 400), (bomb, 413)):
        answer = await client.post(PATH, content=content, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert await rows(database) == []


async def test_a_foreign_site_is_refused_and_a_key_is_needed(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    body = {"site_id": cast.neighbour.slug, "batch": [LINE]}
    assert (await client.post(PATH, json=body, headers=cast.site.headers)).status_code == 403
    assert (await client.post(PATH, json=body)).status_code == 401
    assert await rows(database) == []


async def test_another_site_sees_and_forges_no_lines(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await ship(client, cast.site, LINE)
    async with db.transaction(database, cast.neighbour.scope) as connection:
        assert await connection.fetchval("SELECT count(message) FROM log_lines") == 0
    with pytest.raises(Exception, match="row-level security"):
        async with db.transaction(database, cast.neighbour.scope) as connection:
            await connection.execute(
                "INSERT INTO log_lines (site_id, received_at, hostname, unit, message)"
                " VALUES ($1, $2, '', '', 'forged')",
                cast.site.id,
                clock.now(),
            )


async def test_batches_at_once_are_all_kept(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await asyncio.gather(*(ship(client, cast.site, *[LINE] * 20) for _ in range(6)))
    assert len(await rows(database)) == 120


async def test_without_a_partition_for_today_the_agent_is_asked_to_try_again(
    client: httpx.AsyncClient, cast: Cast, address: embedded.Address
) -> None:
    # As if the loop had stood still for days.
    owner = await asyncpg.connect(address.owner_url)
    await owner.execute(
        "DO $$ DECLARE p text; BEGIN FOR p IN SELECT inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhparent = 'log_lines'::regclass LOOP EXECUTE 'DROP TABLE ' || p; END LOOP; END $$"
    )
    await owner.close()
    answer = await client.post(PATH, json={"batch": [LINE]}, headers=cast.site.headers)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:flywheel:problem:unavailable"
