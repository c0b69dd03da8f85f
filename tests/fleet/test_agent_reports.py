"""Pattern reports of agents that count by themselves: heals one by one, and totals."""

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from tests import cast as people
from tests.cast import STAGE, Cast
from tests.fleet.test_agent_documents import HOUSEKEEPING, documents, post

PATTERNS = "/agent/patterns"
STATS = "/api/agent/sync/pattern-stats"
HEAL: dict[str, Any] = {
    "check_type": "firewall_status",
    "issue_signature": "firewall_status:WS-TEST-30",
    "resolution_steps": ["run_windows_runbook"],
    "success": True,
    "execution_time_ms": 1250,
    "runbook_id": None,
    "reported_at": "2026-02-24T10:00:00.123456+00:00",
}
STAT: dict[str, Any] = {
    "pattern_signature": "0123456789abcdef",
    "total_occurrences": 10,
    "l1_resolutions": 7,
    "l2_resolutions": 2,
    "l3_resolutions": 1,
    "success_count": 9,
    "total_resolution_time_ms": 12000.5,
    "last_seen": "2026-02-24T10:00:00.123456+00:00",
    "recommended_action": "restart_service",
    "promotion_eligible": True,
}


async def patterns(database: db.Database) -> list[dict[str, Any]]:
    async with db.transaction(database, STAGE) as connection:
        found = await connection.fetch(
            "SELECT site_id, appliance_id, kind, signature, check_type, hostname, occurrences,"
            " successes, l1_resolutions, l2_resolutions, l3_resolutions, total_resolution_ms,"
            " recommended_action, resolution_steps, first_seen_at, last_seen_at"
            " FROM pattern_reports ORDER BY signature, appliance_id"
        )
    return [dict(row) for row in found]


async def test_heals_of_a_pattern_are_counted(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    first = await post(client, PATTERNS, cast.site, HEAL | {"site_id": cast.site.slug})
    second = await post(client, PATTERNS, cast.site, HEAL | {"success": False})
    assert (first["status"], first["occurrences"], first["success_rate"]) == ("created", 1, 100)
    assert (second["status"], second["occurrences"], second["success_rate"]) == ("updated", 2, 50)
    assert first["pattern_id"] == second["pattern_id"]
    (row,) = await patterns(database)
    assert (row["kind"], row["check_type"], row["hostname"]) == (
        "heal",
        "firewall_status",
        "WS-TEST-30",
    )
    assert row["total_resolution_ms"] == 2500
    assert row["resolution_steps"] == ["run_windows_runbook"]


async def test_a_host_is_known_even_when_check_and_host_hold_colons(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await post(
        client, PATTERNS, cast.site, HEAL | {"check_type": "a:b", "issue_signature": "a:b:fe80::1"}
    )
    await post(client, PATTERNS, cast.site, HEAL | {"issue_signature": "something else"})
    hosts = {row["signature"]: row["hostname"] for row in await patterns(database)}
    assert hosts == {"a:b:fe80::1": "fe80::1", "something else": None}


async def test_a_heal_needs_only_check_and_signature(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    named = {"check_type": "a", "issue_signature": "a:b"}
    body = dict.fromkeys((*HEAL, "site_id")) | named | {"zz_new": {"a": "\x00"}}
    assert (await post(client, PATTERNS, cast.site, body))["success_rate"] == 0
    await post(client, PATTERNS, cast.site, named)
    (row,) = await patterns(database)
    assert (row["occurrences"], row["successes"]) == (2, 0)
    assert clock.now() - row["last_seen_at"] < dt.timedelta(minutes=1)


async def test_heals_at_once_are_all_counted(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    answers = await asyncio.gather(*(post(client, PATTERNS, cast.site, HEAL) for _ in range(8)))
    assert sorted(answer["occurrences"] for answer in answers) == list(range(1, 9))
    assert [answer["status"] for answer in answers].count("created") == 1
    (row,) = await patterns(database)
    assert row["occurrences"] == 8


@pytest.mark.parametrize(
    "changes",
    [
        {"check_type": None},
        {"check_type": ""},
        {"issue_signature": None},
        {"issue_signature": "s" * 402},
        {"issue_signature": "a\x00"},
        {"success": "yes"},
    ],
    ids=lambda changes: str(changes)[:50],
)
async def test_a_heal_that_cannot_be_kept_is_refused_with_the_field(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, changes: dict[str, Any]
) -> None:
    answer = await client.post(PATTERNS, json=HEAL | changes, headers=cast.site.headers)
    assert answer.status_code == 422
    assert next(iter(changes)) in answer.json()["detail"]
    assert await patterns(database) == []


async def test_cumulative_counters_replace_each_other(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    body = {
        "site_id": cast.site.slug,
        "appliance_id": cast.appliance.wire_id,
        "synced_at": "2026-02-24T10:00:00+00:00",
        "pattern_stats": [STAT, STAT | {"pattern_signature": "fedcba9876543210"}],
    }
    first = await post(client, STATS, cast.site, body)
    assert (first["accepted"], first["merged"], first["refused"]) == (2, 0, [])
    assert first["server_time"]
    later = STAT | {"total_occurrences": 15, "success_count": 14, "l1_resolutions": 12}
    second = await post(client, STATS, cast.site, body | {"pattern_stats": [later]})
    assert (second["accepted"], second["merged"]) == (1, 1)
    row, other = await patterns(database)
    assert (row["occurrences"], row["successes"], row["l1_resolutions"]) == (15, 14, 12)
    assert (row["kind"], row["appliance_id"]) == ("stats", cast.appliance.id)
    assert (row["total_resolution_ms"], row["recommended_action"]) == (12000.5, "restart_service")
    assert other["occurrences"] == 10


async def test_a_repeat_or_an_older_total_changes_nothing(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await post(client, STATS, cast.site, {"pattern_stats": [STAT]})
    before = await patterns(database)
    older = STAT | {
        "total_occurrences": 9,
        "success_count": 1,
        "last_seen": "2026-03-24T10:00:00Z",
        "recommended_action": None,
    }
    for stats in ([STAT], [older], [older, STAT, older]):
        answer = await post(client, STATS, cast.site, {"pattern_stats": stats})
        assert (answer["accepted"], answer["merged"]) == (len(stats), len(stats))
        assert await patterns(database) == before


async def test_of_one_pattern_twice_in_a_post_the_larger_total_is_kept(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    stats = [STAT, STAT | {"total_occurrences": 12}, STAT | {"total_occurrences": 11}]
    answer = await post(client, STATS, cast.site, {"pattern_stats": stats})
    assert (answer["accepted"], answer["merged"]) == (3, 2)
    (row,) = await patterns(database)
    assert row["occurrences"] == 12


async def test_posts_at_once_in_opposite_order_neither_block_nor_lose(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    signatures = [f"{number:016x}" for number in range(200)]

    def stats(total: int) -> list[dict[str, Any]]:
        listed = [
            STAT | {"pattern_signature": signature, "total_occurrences": total}
            for signature in signatures
        ]
        return listed if total % 2 else listed[::-1]

    await asyncio.gather(
        *(post(client, STATS, cast.site, {"pattern_stats": stats(total)}) for total in range(1, 9))
    )
    rows = await patterns(database)
    assert len(rows) == 200
    assert {row["occurrences"] for row in rows} == {8}


async def test_each_appliance_has_its_own_counters(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    other = await people.make_appliance(database, cast.site)
    body = {"pattern_stats": [STAT]}
    # By a bound key (whatever the body says), by name in both forms, and by nobody.
    bound = await client.post(
        STATS,
        json=body | {"appliance_id": other.wire_id},
        headers=cast.appliance.credential.headers,
    )
    assert bound.status_code == 200
    hyphens = other.wire_id.replace(":", "-")
    await post(client, STATS, cast.site, body | {"appliance_id": hyphens})
    await post(client, STATS, cast.site, body | {"appliance_id": "unknown"})
    owners = {row["appliance_id"] for row in await patterns(database)}
    assert owners == {cast.appliance.id, other.id, None}


async def test_a_bad_item_is_refused_alone(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    stats = [
        STAT | {"total_occurrences": None},
        STAT,
        5,
        STAT | {"pattern_signature": "a\x00"},
        STAT | {"success_count": 2**63},
        STAT | {"total_occurrences": -1},
    ]
    answer = await post(client, STATS, cast.site, {"pattern_stats": stats})
    assert answer["accepted"] == 1
    assert [refusal["index"] for refusal in answer["refused"]] == [0, 2, 3, 4, 5]
    assert "total_occurrences" in answer["refused"][0]["problem"]
    assert len(await patterns(database)) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pattern_stats": [STAT | {"total_occurrences": "five"}]}, 422),
        ({"pattern_stats": [STAT], "appliance_id": 5}, 422),
        ({"pattern_stats": [STAT], "appliance_id": "a\x00"}, 422),
        ({"pattern_stats": "many"}, 422),
        ({"pattern_stats": [STAT] * 1_001}, 413),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_stats_that_cannot_be_kept_at_all_are_refused(
    client: httpx.AsyncClient,
    cast: Cast,
    database: db.Database,
    body: dict[str, Any],
    status: int,
) -> None:
    answer = await client.post(STATS, json=body, headers=cast.site.headers)
    assert answer.status_code == status
    assert await patterns(database) == []


async def test_everything_optional_of_stats_may_be_null(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    nulls = dict.fromkeys(STAT) | {"pattern_signature": "a", "total_occurrences": 3.0}
    body = {
        "site_id": None,
        "appliance_id": None,
        "synced_at": None,
        "pattern_stats": [nulls, {"pattern_signature": "b", "total_occurrences": 0}],
    }
    assert (await post(client, STATS, cast.site, body))["accepted"] == 2
    first, second = await patterns(database)
    assert (first["occurrences"], first["successes"], second["occurrences"]) == (3, 0, 0)
    empties: list[dict[str, Any]] = [{}, {"pattern_stats": None}, {"pattern_stats": []}]
    for empty in empties:
        assert (await post(client, STATS, cast.site, empty))["accepted"] == 0


@pytest.mark.parametrize("path", [PATTERNS, STATS, *HOUSEKEEPING])
async def test_a_foreign_site_is_refused_and_a_key_is_needed(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, path: str
) -> None:
    for foreign in (cast.neighbour.slug, str(cast.foreign_site.id), ""):
        body = HEAL | {"site_id": foreign, "pattern_stats": [STAT]}
        answer = await client.post(path, json=body, headers=cast.site.headers)
        assert answer.status_code == 403
    assert (await client.post(path, json=HEAL)).status_code == 401
    assert (await client.post(path, json=HEAL, headers=cast.viewer.headers)).status_code == 403
    assert await patterns(database) == []
    assert await documents(database) == []


async def test_another_site_neither_sees_nor_changes_reports(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await post(client, PATTERNS, cast.site, HEAL)
    await post(client, STATS, cast.site, {"pattern_stats": [STAT]})
    await post(client, "/api/devices/sync", cast.site, {})
    before = await patterns(database), await documents(database)
    async with db.transaction(database, cast.neighbour.scope) as connection:
        assert await connection.fetchval("SELECT count(id) FROM pattern_reports") == 0
        assert await connection.fetchval("SELECT count(kind) FROM appliance_documents") == 0
        assert await connection.execute("UPDATE pattern_reports SET successes = 0") == "UPDATE 0"
        assert await connection.execute("UPDATE appliance_documents SET kind = ''") == "UPDATE 0"
    # The same signature at another site is another pattern.
    answer = await post(client, PATTERNS, cast.neighbour, HEAL)
    assert (answer["status"], answer["occurrences"]) == ("created", 1)
    async with db.transaction(database, cast.site.scope) as connection:
        assert await connection.fetchval("SELECT count(id) FROM pattern_reports") == 2
    assert (await patterns(database))[0] in before[0]
    assert await documents(database) == before[1]


@pytest.mark.parametrize(
    "path",
    [
        "/api/watchdog/bootstrap",
        "/api/provision/rekey",
        "/api/witness/submit",
        "/api/appliances/mesh/peers",
    ],
)
async def test_what_newer_daemons_call_beyond_is_a_404_problem(
    client: httpx.AsyncClient, cast: Cast, path: str
) -> None:
    for headers in (cast.site.headers, {}):
        answer = await client.post(path, json={"site_id": cast.site.slug}, headers=headers)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:flywheel:problem:not-found"
