import asyncio
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests.cast import STAGE, Cast, CastSite

UNKNOWN = "0199b1f0-0000-7000-8000-000000000001"
BODY: dict[str, Any] = {
    "host_id": "WS-TEST-30",
    "incident_type": "firewall_status",
    "severity": "high",
    "check_type": "firewall_status",
    "details": {"expected": "on", "actual": "off"},
    "pre_state": {"enabled": False},
    "hipaa_controls": ["164.312(b)"],
}
KEY = {"host_id": "WS-TEST-30", "check_type": "firewall_status"}


async def report(client: httpx.AsyncClient, site: CastSite, **changes: Any) -> dict[str, Any]:
    answer = await client.post(
        "/incidents", json={"site_id": site.slug, **BODY, **changes}, headers=site.headers
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def rows(database: db.Database) -> list[dict[str, Any]]:
    async with db.transaction(database, STAGE) as connection:
        found = await connection.fetch(
            "SELECT id, site_id, hostname, check_type, severity, details, pre_state, status,"
            " reports, hipaa_controls, reported_at, last_reported_at, resolved_at,"
            " resolution_tier, resolution_action FROM incidents"
        )
    return [dict(row) for row in found]


async def test_a_new_incident_is_received_and_a_repeat_deduplicated(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    first = await report(client, cast.site)
    second = await report(client, cast.site, severity="medium", details={"actual": "gone"})
    assert (first["status"], second["status"]) == ("received", "deduplicated")
    assert first["incident_id"] == second["incident_id"]
    assert first["timestamp"] < second["timestamp"]
    (row,) = await rows(database)
    assert row["reports"] == 2
    assert row["severity"] == "medium"
    assert row["details"] == {"actual": "gone"}
    assert row["reported_at"] < row["last_reported_at"]
    assert row["hipaa_controls"] == ["164.312(b)"]


async def test_a_resolved_incident_is_reopened_by_a_new_report(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    first = await report(client, cast.site)
    resolved = await client.post(
        f"/incidents/{first['incident_id']}/resolve",
        json={"resolution_tier": "L1", "action_taken": "restart_service:sshd"},
        headers=cast.site.headers,
    )
    assert resolved.status_code == 200
    assert resolved.json() == {"status": "resolved", "incident_id": first["incident_id"]}
    (row,) = await rows(database)
    assert (row["status"], row["resolution_tier"]) == ("resolved", "L1")
    again = await report(client, cast.site)
    assert again["status"] == "reopened"
    assert again["incident_id"] == first["incident_id"]
    (row,) = await rows(database)
    assert (row["status"], row["resolved_at"], row["resolution_tier"]) == ("open", None, None)
    assert row["reported_at"] == row["last_reported_at"]


async def test_another_host_and_another_check_are_other_incidents(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    answers = [
        await report(client, cast.site),
        await report(client, cast.site, host_id="WS-TEST-31"),
        await report(client, cast.site, check_type="smb_signing"),
        await report(client, cast.neighbour),
    ]
    assert {answer["status"] for answer in answers} == {"received"}
    assert len({answer["incident_id"] for answer in answers}) == 4


async def test_an_incident_is_resolved_by_host_and_check_and_stays_as_first_resolved(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    reported = await report(client, cast.site)
    body = {
        "site_id": cast.site.slug,
        **KEY,
        "resolution_tier": "L1",
        "runbook_id": "L1-FW-002",
        "status": "resolved",
    }
    first = await client.post("/incidents/resolve", json=body, headers=cast.site.headers)
    assert first.status_code == 200
    assert first.json() == {"status": "resolved", "incident_id": reported["incident_id"]}
    second = await client.post(
        "/incidents/resolve", json=body | {"resolution_tier": "L2"}, headers=cast.site.headers
    )
    assert second.status_code == 200
    assert second.json()["status"] == "already_resolved"
    (row,) = await rows(database)
    assert (row["resolution_tier"], row["resolution_action"]) == ("L1", "L1-FW-002")


@pytest.mark.parametrize("incident_id", [UNKNOWN, "INC-1", "a::b", "%F0%9F", "x" * 3000])
async def test_resolving_an_unknown_incident_is_a_404_problem(
    client: httpx.AsyncClient, cast: Cast, incident_id: str
) -> None:
    answer = await client.post(
        f"/incidents/{incident_id}/resolve", json={}, headers=cast.site.headers
    )
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_resolving_an_unknown_host_is_a_404_problem(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    answer = await client.post("/incidents/resolve", json=KEY, headers=cast.site.headers)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:flywheel:problem:not-found"


async def test_everything_but_the_check_may_be_null_and_unknown_fields_are_ignored(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    nulls = dict.fromkeys((*BODY, "site_id")) | {"check_type": "ntp_sync", "zz_new": ["\x00"]}
    answer = await client.post("/incidents", json=nulls, headers=cast.site.headers)
    assert answer.status_code == 200, answer.text
    (row,) = await rows(database)
    assert (row["hostname"], row["details"], row["pre_state"]) == ("", {}, {})
    nulls = {"check_type": "ntp_sync", "site_id": None, "host_id": None, "resolution_tier": None}
    answer = await client.post("/incidents/resolve", json=nulls, headers=cast.site.headers)
    assert answer.status_code == 200
    again = await client.post(
        f"/incidents/{row['id']}/resolve",
        json={"resolution_tier": None, "action_taken": None},
        headers=cast.site.headers,
    )
    assert again.status_code == 200
    bare = await client.post(f"/incidents/{row['id']}/resolve", headers=cast.site.headers)
    assert bare.status_code == 200


async def test_the_incident_type_stands_in_for_a_missing_check(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await report(client, cast.site, check_type=None)
    (row,) = await rows(database)
    assert row["check_type"] == "firewall_status"


@pytest.mark.parametrize(
    "changes",
    [
        {"check_type": None, "incident_type": None},
        {"check_type": 5},
        {"host_id": ["WS"]},
        {"host_id": "x" * 201},
        {"host_id": "a\x00b"},
        {"check_type": "a\x00b"},
    ],
)
async def test_values_that_cannot_be_kept_are_refused_with_the_field(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, changes: dict[str, Any]
) -> None:
    answer = await client.post("/incidents", json=BODY | changes, headers=cast.site.headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert next(iter(changes)) in answer.json()["detail"]
    assert await rows(database) == []


@pytest.mark.parametrize(
    "text",
    [
        r'{"check_type": "\ud800"}',
        '{"check_type": "\x00"}',
        "[]",
        "null",
        "5",
    ],
)
async def test_json_that_the_database_could_not_hold_is_refused(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, text: str
) -> None:
    answer = await client.post("/incidents", content=text, headers=cast.site.headers)
    assert answer.status_code == 422
    assert await rows(database) == []


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\x00",
        b'{"check_type": "a", "details": {"a": ' + b"[" * 50_000 + b"}}",
    ],
)
async def test_a_body_that_is_no_json_is_refused(
    client: httpx.AsyncClient, cast: Cast, content: bytes
) -> None:
    answer = await client.post("/incidents", content=content, headers=cast.site.headers)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:flywheel:problem:malformed"


async def test_of_duplicate_keys_the_last_wins(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    text = '{"check_type": 5, "check_type": "a", "details": {"b": 1, "b": 2}}'
    answer = await client.post("/incidents", content=text, headers=cast.site.headers)
    assert answer.status_code == 200
    (row,) = await rows(database)
    assert (row["check_type"], row["details"]) == ("a", {"b": 2})


async def test_a_body_may_name_its_own_site_but_no_other(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    for path in ("/incidents", "/incidents/resolve"):
        for foreign in (cast.neighbour.slug, str(cast.foreign_site.id), "no-such-site", ""):
            answer = await client.post(
                path, json={**BODY, "site_id": foreign}, headers=cast.site.headers
            )
            assert answer.status_code == 403
            assert answer.json()["type"] == "urn:flywheel:problem:foreign-site"
    assert await rows(database) == []
    await report(client, cast.site, site_id=str(cast.site.id))


async def test_another_sites_key_finds_no_incident_of_ours(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    ours = await report(client, cast.site)
    for site in (cast.neighbour, cast.foreign_site, cast.stranger):
        by_id = await client.post(
            f"/incidents/{ours['incident_id']}/resolve", json={}, headers=site.headers
        )
        by_key = await client.post("/incidents/resolve", json=KEY, headers=site.headers)
        assert (by_id.status_code, by_key.status_code) == (404, 404)
    (row,) = await rows(database)
    assert row["status"] == "open"
    async with db.transaction(database, cast.neighbour.scope) as connection:
        assert await connection.fetchval("SELECT count(id) FROM incidents") == 0
        # Belt three: even a statement that names no site changes nothing of another's.
        assert await connection.execute("UPDATE incidents SET status = 'resolved'") == "UPDATE 0"


@pytest.mark.parametrize(
    "path", ["/incidents", "/incidents/resolve", f"/incidents/{UNKNOWN}/resolve"]
)
async def test_without_a_key_nothing_is_taken(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, json=BODY)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    answer = await client.post(path, json=BODY, headers={"Authorization": "Bearer nobody"})
    assert answer.status_code == 401


async def test_operators_report_no_incidents(client: httpx.AsyncClient, cast: Cast) -> None:
    answer = await client.post("/incidents", json=BODY, headers=cast.admin.headers)
    assert answer.status_code == 403


async def test_equal_reports_at_once_are_one_incident(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    answers = await asyncio.gather(*(report(client, cast.site) for _ in range(8)))
    assert sorted(answer["status"] for answer in answers) == ["deduplicated"] * 7 + ["received"]
    (row,) = await rows(database)
    assert row["reports"] == 8


async def test_equal_resolutions_at_once_resolve_once(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await report(client, cast.site)
    answers = await asyncio.gather(
        *(client.post("/incidents/resolve", json=KEY, headers=cast.site.headers) for _ in range(6))
    )
    statuses = sorted(answer.json()["status"] for answer in answers)
    assert statuses == ["already_resolved"] * 5 + ["resolved"]
