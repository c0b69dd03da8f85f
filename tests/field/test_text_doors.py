"""F61: no door of appliances rejects a report for its free text; keys stay strict."""

import gzip
import json
import secrets
from typing import Any

import httpx
import pytest

from flywheel_server.core import db, free_text
from flywheel_server.core.scope import LoopScope
from tests import planning
from tests.cast import Cast

NAN = float("nan")
UNKNOWN = (NAN, float("inf"))
DIRT = ["a\x00b", "\ud800", "x" * 70_000, *UNKNOWN, 2**70, {"\udfff": NAN}, [[], None]]
SITE_DOCUMENTS = [
    "/api/appliances/domain-discovered",
    "/api/appliances/enumeration-results",
    "/api/appliances/agent-deployments",
    "/api/devices/sync",
    "/api/learning/promotion-report",
]


async def _post(
    client: httpx.AsyncClient, cast: Cast, path: str, body: Any, encoding: str = "utf-8"
) -> Any:
    content = json.dumps(body).encode(encoding)
    answer = await client.post(path, content=content, headers=cast.site.headers)
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()


async def _rows(database: db.Database, table: str) -> list[dict[str, Any]]:
    async with db.transaction(database, LoopScope(reason="tests look at reports")) as connection:
        rows = await connection.fetch(f"SELECT * FROM {table} ORDER BY 1")
    return [dict(row) for row in rows]


async def test_an_incident_keeps_what_was_seen(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    usual = {"host_id": "WS-1", "check_type": "firewall_status"}
    for number, dirt in enumerate(DIRT):
        answer = await _post(
            client,
            cast,
            "/incidents",
            usual
            | {
                "host_id": f"WS-{number}",
                "severity": dirt,
                "details": {"seen": dirt},
                "pre_state": dirt,
                "hipaa_controls": [dirt, "164.312(b)"],
            },
            encoding="utf-16" if number % 2 else "utf-8-sig",
        )
        path = f"/incidents/{answer['incident_id']}/resolve"
        done = {"action_taken": dirt, "resolution_tier": dirt}
        assert (await _post(client, cast, path, done))["status"] == "resolved"
    rows = {row["hostname"]: row for row in await _rows(database, "incidents")}
    assert len(rows) == len(DIRT)
    assert rows["WS-0"]["details"] == {"seen": "a\ufffdb"}
    assert rows["WS-0"]["pre_state"] == {"value": "a\ufffdb"}
    assert rows["WS-2"]["details"]["seen"].endswith(free_text.MARK)
    assert rows["WS-3"]["details"] == {"seen": None}
    assert rows["WS-6"]["pre_state"] == {"\ufffd": None}
    for row in rows.values():
        assert "164.312(b)" in row["hipaa_controls"]


async def test_a_log_batch_keeps_every_line_that_says_anything(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    lines = [
        {"msg": dirt, "unit": dirt, "pri": dirt, "ts": dirt} for dirt in DIRT if dirt not in UNKNOWN
    ]
    answer = await _post(
        client, cast, "/api/logs/ingest", {"hostname": "h\x00", "batch": [*lines, {"msg": NAN}]}
    )
    assert answer == {"accepted": len(lines), "dropped": 1}
    messages = [row["message"] for row in await _rows(database, "log_lines")]
    assert {"a\ufffdb", "\ufffd", '{"\ufffd": null}', str(2**70)} < set(messages)


async def test_agents_own_counts_lose_no_item_to_another(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    for number, dirt in enumerate(DIRT):
        heal = {
            "check_type": "firewall",
            "issue_signature": f"firewall:WS-{number}",
            "success": True,
            "resolution_steps": [dirt, "restart"],
            "execution_time_ms": dirt,
            "reported_at": dirt,
        }
        assert (await _post(client, cast, "/agent/patterns", heal))["occurrences"] == 1
    stats = [
        {
            "pattern_signature": f"{number:016x}",
            "total_occurrences": 5,
            "recommended_action": dirt,
            "total_resolution_time_ms": dirt,
            "last_seen": dirt,
        }
        for number, dirt in enumerate(DIRT)
    ]
    bad = {"pattern_signature": "\ud800", "total_occurrences": 5}
    answer = await _post(
        client,
        cast,
        "/api/agent/sync/pattern-stats",
        {"synced_at": NAN, "pattern_stats": [*stats, bad]},
    )
    assert answer["accepted"] == len(DIRT)
    assert [refusal["index"] for refusal in answer["refused"]] == [len(DIRT)]
    assert len(await _rows(database, "pattern_reports")) == 2 * len(DIRT)


async def test_documents_are_kept_whatever_they_hold(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    for path in SITE_DOCUMENTS:
        assert await _post(client, cast, path, {"a": DIRT}, encoding="utf-16") == {"status": "ok"}
    documents = await _rows(database, "appliance_documents")
    assert len(documents) == len(SITE_DOCUMENTS)
    for document in documents:
        assert document["body"]["a"][:2] == ["a\ufffdb", "\ufffd"]
        assert document["body"]["a"][3:5] == [None, None]


async def test_a_plan_is_made_whatever_the_raw_data_hold(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for number, dirt in enumerate(DIRT):
        body = planning.request(cast.site) | {
            "incident_id": f"drift-{number}",
            "severity": dirt,
            "raw_data": {"platform": "windows", "actual": dirt, "check_type": dirt},
        }
        answer = await _post(client, cast, "/api/agent/l2/plan", body)
        assert answer["incident_id"] == f"drift-{number}"


async def test_a_check_in_is_answered_whatever_it_says_of_itself(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    names = (
        "ip_addresses", "uptime_seconds", "agent_version", "nixos_version",
        "has_local_credentials", "active_l2_mode", "active_rules_hash", "a_field_of_tomorrow",
    )  # fmt: skip
    for dirt in DIRT:
        body = {"hostname": f"vm {dirt}", "mac_address": "02:00:5e:10:00:01"}
        for _ in range(2):
            await _post(client, cast, "/api/appliances/checkin", body | dict.fromkeys(names, dirt))
    async with db.transaction(database, LoopScope(reason="tests look at appliances")) as conn:
        hosts = await conn.fetch("SELECT hostname FROM appliances WHERE site_id = $1", cast.site.id)
    assert "\x00" not in str(hosts)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/incidents", {"check_type": "\ud800"}),
        ("/incidents", {"check_type": "a", "host_id": "\x00"}),
        ("/incidents/resolve", {"check_type": "a", "host_id": "x" * 201}),
        ("/agent/patterns", {"check_type": "a", "issue_signature": "a:\ud800"}),
        ("/api/agent/l2/plan", {"incident_id": "\ud800"}),
        ("/api/appliances/checkin", {"site_id": "\ud800"}),
    ],
)
async def test_keys_are_strict(
    client: httpx.AsyncClient, cast: Cast, path: str, body: dict[str, Any]
) -> None:
    answer = await client.post(path, content=json.dumps(body), headers=cast.site.headers)
    assert answer.status_code in {403, 422}, answer.text


@pytest.mark.parametrize(
    "path",
    ["/incidents", "/api/agent/l2/plan", "/api/logs/ingest", "/agent/patterns",
     "/api/agent/sync/pattern-stats", "/api/devices/sync", "/api/appliances/checkin"],
)  # fmt: skip
async def test_members_are_counted_before_objects_are_made(
    client: httpx.AsyncClient, cast: Cast, path: str
) -> None:
    body = b'{"check_type": "\\ud800", "batch": [' + b"[]," * 300_000 + b"[]]}"
    answer = await client.post(path, content=body, headers=cast.site.headers)
    assert answer.status_code == 413
    assert "values" in answer.json()["detail"] or "KiB" in answer.json()["detail"]


async def test_the_largest_legal_log_batch_is_taken_however_it_is_packed(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    """500 lines of 8,192 characters that do not compress: a refusal jams the newer shipper."""
    lines = [{"msg": secrets.token_urlsafe(6_144)} for _ in range(500)]
    body = json.dumps({"hostname": "vm", "batch": lines}).encode()
    half = len(body) // 2
    members = gzip.compress(body[:half]) + gzip.compress(body[half:])
    for encoding, content in (("gzip", gzip.compress(body)), ("x-gzip", members)):
        headers = cast.site.headers | {"Content-Encoding": encoding}
        answer = await client.post("/api/logs/ingest", content=content, headers=headers)
        assert answer.json() == {"accepted": 500, "dropped": 0}
