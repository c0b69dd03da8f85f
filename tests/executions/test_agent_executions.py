"""Executions over HTTP: both forms, and everything that is refused."""

import gzip
import json
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import cast as people, telemetry
from tests.cast import Cast

ONE = "/api/agent/executions"
BATCH = "/api/agent/executions/batch"
L1_SAMPLE = json.loads(
    '{"site_id":"site-lab-01","execution":{"execution_id":"l1-drift-WS-TEST-30-firewall_status-'
    '1795164325473-1795164325473","incident_id":"drift-WS-TEST-30-firewall_status-1795164325473",'
    '"appliance_id":"site-lab-01-02:00:5E:10:00:01","runbook_id":"L1-FW-002","hostname":'
    '"WS-TEST-30","incident_type":"firewall_status","duration_seconds":0,"success":false,'
    '"status":"failure","confidence":1,"resolution_level":"L1","error_message":"no WinRM '
    'credentials for host WS-TEST-30","pattern_signature":"firewall_status:L1-FW-002:WS-TEST-30"},'
    '"reported_at":"2026-11-20T08:45:25Z"}'
)
L2_SAMPLE = json.loads(
    '{"site_id":"site-lab-01","execution":{"execution_id":"l2-drift-WS-TEST-2-zz_unknown_check-'
    '1795163937354-1795163937358","incident_id":"drift-WS-TEST-2-zz_unknown_check-1795163937354",'
    '"runbook_id":"RB-WIN-SVC-001","hostname":"WS-TEST-2","incident_type":"zz_unknown_check",'
    '"duration_seconds":0,"success":true,"status":"success","confidence":0.91,'
    '"resolution_level":"L2","reasoning":"planned","pattern_signature":'
    '"zz_unknown_check:RB-WIN-SVC-001:WS-TEST-2"},"reported_at":"2026-11-20T08:38:57Z"}'
)


async def test_the_samples_of_the_contract_mean_what_it_says(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    site = await people.make_site(database, slug="site-lab-01")
    for sample in (L1_SAMPLE, L2_SAMPLE):
        response = await client.post(ONE, json=sample, headers=site.headers)
        assert response.status_code == 200
        assert response.json() == {
            "status": "recorded",
            "execution_id": sample["execution"]["execution_id"],
        }

    (unattempted,) = await telemetry.facts(database, level="L1")
    (planned,) = await telemetry.facts(database, level="L2")

    assert unattempted["outcome"] == "not_attempted"
    assert planned["outcome"] == "success"
    assert planned["verified"] is None
    await telemetry.turn(client, cast.admin)
    (rule,) = await telemetry.items(
        client, cast.admin, "rules?incident_type=firewall_status&source=builtin"
    )
    assert (rule["rule_id"], rule["runbook_id"]) == ("L1-FW-002", "RB-WIN-SEC-001")
    assert rule["match_count"] == 1
    assert rule["success_rate"] is None
    assert await telemetry.items(client, cast.admin, "unresolved-ids") == []


async def test_flat_wrapped_and_batch_forms_of_one_execution_are_one(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    usual = telemetry.execution(duration_seconds=1.5, error_message="slow", resolution_level="L2")
    flat = {
        key: value
        for key, value in usual.items()
        if key not in {"duration_seconds", "error_message", "resolution_level"}
    } | {"site_id": cast.site.slug, "level": "L2", "duration_ms": 1500, "error": "slow"}

    for body in (
        {"site_id": cast.site.slug, "execution": usual, "reported_at": "2026-11-20T08:00:00Z"},
        flat,
        {"execution": usual},
    ):
        assert (await client.post(ONE, json=body, headers=cast.site.headers)).status_code == 200
    answer = await telemetry.send(client, cast.site, [usual])

    assert (answer["accepted"], answer["repeated"], answer["corrected"]) == (0, 1, 0)
    assert len(await telemetry.facts(database)) == 1


async def test_every_optional_field_may_be_null_and_unknown_ones_are_ignored(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    nulls = dict.fromkeys(
        (
            "appliance_id", "platform", "started_at", "completed_at", "duration_seconds", "status",
            "verification_passed", "confidence", "state_before", "state_after", "state_diff",
            "executed_steps", "error_message", "error_category", "cost_usd", "input_tokens",
            "output_tokens", "reasoning", "chaos_campaign_id", "hostname", "runbook_id",
            "incident_id", "pattern_signature",
        )
    )  # fmt: skip
    item = telemetry.execution(**nulls, a_field_of_tomorrow={"deep": [1, {"x": None}]})

    answer = await telemetry.send(client, cast.site, [item])

    assert answer["accepted"] == 1
    (fact,) = await telemetry.facts(database)
    assert (fact["reported_id"], fact["hostname"]) == ("", "")


async def test_the_python_agents_report_keeps_its_detail(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    item = telemetry.execution(
        started_at="2026-11-19T10:00:00.123456+00:00",
        completed_at="2026-11-19T10:00:02.5+00:00",
        state_before={"service": "stopped"},
        executed_steps=[{"name": "start"}],
        verification_passed=True,
    )

    await telemetry.send(client, cast.site, [item])

    (fact,) = await telemetry.facts(database)
    assert fact["verified"] is True
    assert fact["occurred_at"].isoformat() == "2026-11-19T10:00:02.500000+00:00"
    assert "stopped" in str(fact["detail"])


async def test_duplicate_keys_the_last_wins(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    body = (
        b'{"executions":[{"execution_id":"x-1","incident_type":"a","incident_type":"b",'
        b'"success":false,"success":true,"resolution_level":"L2"}]}'
    )

    assert (await client.post(BATCH, content=body, headers=cast.site.headers)).status_code == 200

    (fact,) = await telemetry.facts(database)
    assert (fact["incident_type"], fact["outcome"]) == ("b", "success")


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"success": True}, "success"),
        ({"success": False}, "failure"),
        ({"success": None, "status": "success"}, "success"),
        ({"success": None, "status": "failure"}, "failure"),
        ({"success": True, "verification_passed": False}, "failure"),
        ({"success": False, "error_category": "timeout"}, "failure"),
        ({"success": False, "error_category": "script_error"}, "failure"),
        ({"success": False, "error_category": "no_credentials"}, "not_attempted"),
        ({"success": False, "error_category": "auth_failure"}, "not_attempted"),
        ({"success": False, "error_category": "network_error"}, "not_attempted"),
        ({"success": False, "error_message": "no SSH credentials for x"}, "not_attempted"),
        ({"success": False, "error_message": "x is not a known windows target"}, "not_attempted"),
        ({"success": False, "error_message": "dial: connection refused"}, "not_attempted"),
        ({"success": False, "error_message": "No route to host"}, "not_attempted"),
        ({"success": False, "error_message": "host unreachable"}, "not_attempted"),
        (
            {"error_category": "timeout", "error_message": "timeout: connection refused"},
            "not_attempted",
        ),
        ({"runbook_id": "ESC-0001"}, "not_attempted"),
        ({"runbook_id": "L2-escalate"}, "not_attempted"),
        ({"runbook_id": "", "action": "escalate"}, "not_attempted"),
        ({"runbook_id": "", "action": "restart_service"}, "success"),
        ({"runbook_id": "L1-ENCRYPT-001", "resolution_level": "L1"}, "not_attempted"),
        ({"runbook_id": "L1-ENCRYPT-001", "resolution_level": "L2"}, "success"),
        (
            {
                "runbook_id": "L1-SERVICE-001",
                "resolution_level": "L1",
                "incident_type": "service_crash",
            },
            "not_attempted",
        ),
        (
            {
                "runbook_id": "L1-SERVICE-001",
                "resolution_level": "L1",
                "incident_type": "critical_services",
            },
            "success",
        ),
    ],
)
async def test_the_outcome_follows_the_table(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    fields: dict[str, Any],
    outcome: str,
) -> None:
    await telemetry.send(client, cast.site, [telemetry.execution(**fields)])

    (fact,) = await telemetry.facts(database)
    assert fact["outcome"] == outcome


BAD_ITEMS: list[tuple[dict[str, Any] | str, str]] = [
    ({"execution_id": None}, "execution_id"),
    ({"execution_id": ""}, "execution_id"),
    ({"execution_id": 7}, "execution_id"),
    ({"execution_id": "x" * 1_001}, "execution_id"),
    ({"incident_type": None}, "incident_type"),
    ({"incident_type": "x" * 201}, "incident_type"),
    # Its other name: one that fits no index would stop the learning of every tenant.
    ({"incident_type": None, "check_type": "x" * 201}, "check_type"),
    ({"success": "yes"}, "success"),
    ({"success": None}, "success"),
    ({"resolution_level": "L9"}, "resolution_level"),
    ({"cost_usd": "free"}, "cost_usd"),
    ({"hostname": "a\x00b"}, "NUL"),
    ({"hostname": "\ud800"}, "surrogate"),
    ("not an object", "object"),
    ({"site_id": "another-site"}, "another site"),
]


@pytest.mark.parametrize(("fields", "named"), BAD_ITEMS)
async def test_a_bad_item_is_refused_by_name_and_loses_no_other(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    fields: dict[str, Any] | str,
    named: str,
) -> None:
    bad = fields if isinstance(fields, str) else telemetry.execution() | fields
    body = json.dumps({"executions": [telemetry.execution(), bad, telemetry.execution()]})

    response = await client.post(BATCH, content=body, headers=cast.site.headers)

    assert response.status_code == 200, response.text
    answer = response.json()
    assert (answer["accepted"], answer["refused"]) == (2, 1)
    assert [result["verdict"] for result in answer["results"]] == [
        "accepted",
        "refused",
        "accepted",
    ]
    assert named in answer["results"][1]["problem"]
    assert len(await telemetry.facts(database)) == 2


@pytest.mark.parametrize("fields", [fields for fields, _ in BAD_ITEMS[:-2]])
async def test_the_same_sent_alone_is_a_problem_that_says_what_to_do(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, fields: dict[str, Any]
) -> None:
    body = json.dumps({"execution": telemetry.execution() | fields})

    response = await client.post(ONE, content=body, headers=cast.site.headers)

    assert 400 <= response.status_code < 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]
    assert await telemetry.facts(database) == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"[]", {}, 422),
        (b"{", {}, 400),
        (b'{"executions": 1}', {}, 422),
        (b'{"executions": [{}]} trailing', {}, 400),
        (b"\x1f\x8bnot gzip", {"content-encoding": "gzip"}, 400),
        (gzip.compress(b"{}", mtime=0)[:-4], {"content-encoding": "gzip"}, 400),
        (gzip.compress(b" " * (9 * 1024 * 1024)), {"content-encoding": "gzip"}, 413),
        (b" " * (8 * 1024 * 1024 + 1), {}, 413),
        (b"{}", {"content-encoding": "br"}, 415),
        (b'{"executions":[{}, {}', {}, 400),
        (b'{"executions":[' + b"[" * 300_000 + b"]" * 300_000 + b"]}", {}, 413),
    ],
)
async def test_a_bad_body_is_refused_as_a_whole(
    client: httpx.AsyncClient, cast: Cast, body: bytes, headers: dict[str, str], status: int
) -> None:
    response = await client.post(BATCH, content=body, headers=cast.site.headers | headers)

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NULL",
        "{}",
        '"',
        "\\",
        ",",
        "é",
        "\x1f",
        "\x1e",
        "a\x1fb",
        "\x1ec",
        "\x1f\x1f\x1e\x1e",
    ],
    ids=repr,
)
async def test_every_text_is_kept_as_it_was_sent(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, text: str, count: int
) -> None:
    """Broken by a mark between texts that may also stand within one."""
    items = [telemetry.execution(hostname=text, reasoning=text) for _ in range(count)]
    # Beside what is said somebody else says nothing.
    items[-1] |= {"reasoning": None, "error_message": f"{text}!"}

    answer = await telemetry.send(client, cast.site, items)

    assert answer["accepted"] == count
    kept = {fact["execution_id"]: fact for fact in await telemetry.facts(database)}
    assert len(kept) == count
    for item in items:
        fact = kept[item["execution_id"]]
        assert fact["hostname"] == item["hostname"]
        assert fact["reasoning"] == item["reasoning"]
        assert fact["error_message"] == item.get("error_message")
        assert fact["incident_id"] == item["incident_id"]


async def test_a_thousand_fit_and_one_more_does_not(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    full = telemetry.executions(1_000)

    packed = gzip.compress(json.dumps({"executions": full}).encode())
    response = await client.post(
        BATCH, content=packed, headers=cast.site.headers | {"content-encoding": "gzip"}
    )
    refused = await client.post(
        BATCH, json={"executions": [*full, telemetry.execution()]}, headers=cast.site.headers
    )

    assert response.json()["accepted"] == 1_000
    assert refused.status_code == 413
    assert len(await telemetry.facts(database)) == 1_000


async def test_a_foreign_site_in_the_body_is_forbidden(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    for body in (
        {"site_id": cast.neighbour.slug, "execution": telemetry.execution()},
        telemetry.execution(site_id=cast.neighbour.slug),
        {"execution": telemetry.execution(site_id="nobody")},
    ):
        response = await client.post(ONE, json=body, headers=cast.site.headers)
        assert response.status_code == 403
    batch = {"site_id": cast.neighbour.slug, "executions": [telemetry.execution()]}
    assert (await client.post(BATCH, json=batch, headers=cast.site.headers)).status_code == 403
    assert await telemetry.facts(database) == []


async def test_without_a_valid_key_nothing_is_taken(client: httpx.AsyncClient, cast: Cast) -> None:
    item = {"execution": telemetry.execution()}

    assert (await client.post(ONE, json=item)).status_code == 401
    unknown = {"Authorization": "Bearer nobody"}
    assert (await client.post(ONE, json=item, headers=unknown)).status_code == 401
    assert (await client.post(ONE, json=item, headers=cast.admin.headers)).status_code == 403
