"""Check-ins: what is taken, what it is told, and when the database is needed for that."""

import datetime as dt
from typing import Any
from uuid import UUID

import httpx
import pytest

from flywheel_server.core import db, listener
from tests import cast as people, parts
from tests.cast import STAGE, Cast, CastSite
from tests.checking_in import KEY, SAMPLE, URL, WIRE_ID, check_in, row, rows


@pytest.fixture(params=[True, False], ids=["fast path", "ordinary route"])
def hot(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def site(database: db.Database) -> CastSite:
    return await people.make_site(database, slug="site-lab-01")


async def test_the_sample_is_accepted_as_sent_and_answered_with_exact_types(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    body = await check_in(client, site)
    sync = (await client.get("/agent/sync", headers=site.headers)).json()
    moment = body.pop("server_time")
    assert body == {
        "status": "ok",
        "appliance_id": WIRE_ID,
        "server_public_key": sync["server_public_key"],
        "l2_mode": "auto",
        "rules_hash": sync["version"],
        "pending_orders": [],
        "linux_targets": [],
        "windows_targets": [],
        "enabled_runbooks": [],
        "merged_duplicates": 0,
        "trigger_enumeration": False,
        "trigger_immediate_scan": False,
    }
    assert dt.datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S%z").tzinfo == dt.UTC
    stored = await row(database, site)
    assert (stored["mac"], stored["agent_public_key"]) == ("02:00:5E:10:00:01", KEY)
    assert (stored["hostname"], stored["ip_addresses"]) == ("vm", ["192.0.2.10"])
    assert (stored["agent_version"], stored["nixos_version"]) == ("0.1.0", "12")
    assert (stored["uptime_seconds"], stored["has_local_credentials"]) == (944, False)
    assert (stored["desired_rules_hash"], stored["reported_rules_hash"]) == (sync["version"], None)


async def test_a_machine_with_only_a_loopback_interface_is_accepted(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    body = await check_in(client, site, mac_address="", ip_addresses=None)
    stored = await row(database, site)
    assert (stored["mac"], stored["ip_addresses"]) == (None, [])
    assert body["appliance_id"] == stored["wire_id"]
    assert body["appliance_id"].startswith("site-lab-01-vm-")


async def test_unknown_fields_are_ignored_and_every_field_may_be_null_or_missing(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    unknown = {"mesh_peers": [{"x": 1}], "boot_source": None, "daemon_health": {"goroutines": 7}}
    first = await check_in(client, site, **unknown)
    nothing = dict.fromkeys(SAMPLE) | {"active_l2_mode": None, "active_rules_hash": None}
    named = await client.post(URL, json=nothing | {"hostname": "vm"}, headers=site.headers)
    assert named.json()["appliance_id"] == first["appliance_id"]
    for body in (nothing, {}):
        answer = await client.post(URL, json=body, headers=site.headers)
        assert answer.status_code == 200, answer.text
    assert len(await rows(database, site)) == 2


async def test_the_python_agents_body_means_the_same_appliance(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    await check_in(client, site)
    headers = site.headers | {"X-Site-ID": site.slug}
    body = (
        b'{"hostname": "other", "hostname": "vm", "mac_address": "02:00:5E:10:00:01",'
        b' "uptime_seconds": 950.0}'
    )
    answer = await client.post(URL, content=body, headers=headers)
    assert answer.json()["appliance_id"] == WIRE_ID
    stored = await row(database, site)
    assert (stored["hostname"], stored["agent_public_key"]) == ("vm", KEY)


async def test_what_runs_is_kept_beside_what_shall_run(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    told = await check_in(client, site)
    stored = await row(database, site)
    assert (stored["reported_l2_mode"], stored["reported_rules_hash"]) == (None, None)
    await check_in(client, site, active_l2_mode="manual", active_rules_hash="older")
    stored = await row(database, site)
    assert (stored["desired_l2_mode"], stored["reported_l2_mode"]) == ("auto", "manual")
    assert stored["desired_rules_hash"] == told["rules_hash"]
    assert stored["reported_rules_hash"] == "older"
    assert stored["reported_l2_mode_at"] is not None
    # An agent that stops reporting leaves what it said last.
    await check_in(client, site)
    assert (await row(database, site))["reported_l2_mode"] == "manual"


async def test_a_changed_mode_is_told_at_the_next_check_in(
    client: httpx.AsyncClient, site: CastSite, database: db.Database
) -> None:
    for _ in range(3):
        assert (await check_in(client, site))["l2_mode"] == "auto"
    await set_mode(database, (await row(database, site))["id"], "disabled")
    assert (await check_in(client, site))["l2_mode"] == "disabled"


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("hostname", "renamed", "hostname"),
        ("agent_public_key", "d" * 64, "agent_public_key"),
        ("ip_addresses", ["192.0.2.11"], "ip_addresses"),
        ("agent_version", "0.2.0", "agent_version"),
        ("nixos_version", "13", "nixos_version"),
        ("has_local_credentials", True, "has_local_credentials"),
        ("active_l2_mode", "manual", "reported_l2_mode"),
    ],
)
async def test_whatever_changes_is_committed_before_the_answer_and_back_again(
    client: httpx.AsyncClient,
    site: CastSite,
    database: db.Database,
    field: str,
    value: Any,
    column: str,
) -> None:
    first = SAMPLE | {"active_l2_mode": "auto", "active_rules_hash": "e" * 64}
    for _ in range(3):
        await check_in(client, site, **first)
    await check_in(client, site, **(first | {field: value}))
    assert (await row(database, site))[column] == value
    await check_in(client, site, **first)
    assert (await row(database, site))[column] == first[field]


async def test_another_rule_set_needs_no_transaction_and_is_written_with_the_times(
    client: httpx.AsyncClient,
    site: CastSite,
    database: db.Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rule for every site changes what all appliances are told and then run, all at once."""
    await check_in(client, site, active_rules_hash="e" * 64)
    await parts.settle(client)
    told = await check_in(client, site, active_rules_hash="e" * 64)
    nowhere = await db.open_database("postgresql://flywheel_app@/flywheel?host=/nonexistent")
    with monkeypatch.context() as patch:
        patch.setattr(database, "pool", nowhere.pool)
        await check_in(client, site, active_rules_hash="f" * 64)
    await nowhere.close()
    await parts.of(client).heartbeats.flush()
    stored = await row(database, site)
    assert stored["reported_rules_hash"] == "f" * 64
    assert stored["desired_rules_hash"] == told["rules_hash"]


async def test_a_check_in_that_brings_only_a_newer_time_needs_no_database(
    client: httpx.AsyncClient,
    site: CastSite,
    database: db.Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await check_in(client, site)
    await parts.settle(client)
    told = await check_in(client, site)
    before = await row(database, site)
    nowhere = await db.open_database("postgresql://flywheel_app@/flywheel?host=/nonexistent")
    with monkeypatch.context() as patch:
        patch.setattr(database, "pool", nowhere.pool)
        again = await check_in(client, site, uptime_seconds=1_004)
    await nowhere.close()
    assert again | {"server_time": 0} == told | {"server_time": 0}
    await parts.of(client).heartbeats.flush()
    after = await row(database, site)
    assert after["uptime_seconds"] == 1_004
    assert after["last_seen_at"] > before["last_seen_at"]
    assert {**after, "uptime_seconds": 0, "last_seen_at": 0} == {
        **before,
        "uptime_seconds": 0,
        "last_seen_at": 0,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"agent_public_key": "short"},
        {"agent_public_key": "z" * 64},
        {"site_id": 5},
    ],
)
async def test_what_cannot_be_kept_is_refused_with_a_reason(
    client: httpx.AsyncClient, site: CastSite, database: db.Database, changes: dict[str, Any]
) -> None:
    answer = await client.post(URL, json=SAMPLE | changes, headers=site.headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert next(iter(changes)) in answer.json()["detail"]
    assert await rows(database, site) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"site_id": "\\ud800"}',
        b'{"x": ' + b"[" * 50_000,
    ],
)
async def test_a_body_that_cannot_be_read_is_a_problem_not_a_failure(
    client: httpx.AsyncClient, site: CastSite, body: bytes
) -> None:
    answer = await client.post(URL, content=body, headers=site.headers)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_foreign_site_is_refused_and_nobody_else_may_check_in(
    client: httpx.AsyncClient, site: CastSite, cast: Cast
) -> None:
    foreign = await client.post(URL, json={"site_id": site.slug}, headers=cast.site.headers)
    assert (foreign.status_code, foreign.json()["type"]) == (
        403,
        "urn:flywheel:problem:foreign-site",
    )
    assert (await client.post(URL, json=SAMPLE)).status_code == 401
    assert (await client.post(URL, json=SAMPLE, headers=cast.admin.headers)).status_code == 403


async def set_mode(database: db.Database, appliance_id: UUID, mode: str) -> None:
    async with db.transaction(database, STAGE) as connection:
        await connection.execute(
            "UPDATE appliances SET desired_l2_mode = $2 WHERE id = $1", appliance_id, mode
        )
        await db.announce(connection, listener.APPLIANCES, str(appliance_id))
