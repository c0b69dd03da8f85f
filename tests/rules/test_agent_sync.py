"""Rule sets as appliances fetch them: whole, signed, and 304 while nothing changed."""

import datetime as dt
import hashlib
import json
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from flywheel_server.core import clock, db, listener
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import NewRule, Rule, RuleScope
from flywheel_server.rules.store import rules as store
from tests import parts
from tests.cast import STAGE, Cast, CastSite

SYNC, L1_RULES = "/agent/sync", "/api/agent/l1-rules"
PROMOTED = "/api/agent/sync/promoted-rules"


@pytest.fixture(params=[True, False], ids=["fast path", "ordinary route"])
def hot(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def learnt(
    incident_type: str = "service_dns",
    runbook_id: str = "RB-WIN-SVC-001",
    scope: RuleScope = "platform",
    scope_id: UUID | None = None,
) -> NewRule:
    return rules.learnt(
        source="platform" if scope == "platform" else "promoted",
        scope=scope,
        scope_id=scope_id,
        incident_type=incident_type,
        runbook_id=runbook_id,
        platform="windows",
        generation=1,
    )


async def add(database: db.Database, rule: NewRule) -> Rule:
    """Store a rule and tell every process of it, as its actions do."""
    async with db.transaction(database, STAGE) as connection:
        stored = await store.insert(connection, rule)
        await db.announce(connection, listener.RULES, rules.announcement(stored))
    return stored


async def switch(database: db.Database, rule: Rule, *, enabled: bool) -> None:
    async with db.transaction(database, STAGE) as connection:
        await store.set_enabled(
            connection, rule.id, enabled=enabled, reason="a test", now=clock.now()
        )
        await db.announce(connection, listener.RULES, rules.announcement(rule))


async def fetch(client: httpx.AsyncClient, site: CastSite, path: str = SYNC) -> dict[str, Any]:
    answer = await client.get(path, params={"site_id": site.slug}, headers=site.headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def ids(body: dict[str, Any]) -> list[str]:
    return [rule["id"] for rule in body["rules"]]


def verify(body: dict[str, Any]) -> None:
    """Verify as agents do: encode the rules again, and check the signature over that text."""
    text = json.dumps(body["rules"], sort_keys=True, separators=(", ", ": ")).encode()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(body["server_public_key"]))
    key.verify(bytes.fromhex(body["signature"]), text)
    assert body["version"] == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(("tier", "count"), [("standard", 7), ("full_coverage", 32)])
async def test_a_tier_gets_its_built_in_rules(
    client: httpx.AsyncClient, cast: Cast, tier: str, count: int
) -> None:
    site = getattr(cast.partners[0].organizations[0], tier)
    body = await fetch(client, site)
    assert body["healing_tier"] == tier
    assert body["count"] == len(body["rules"]) == len(set(ids(body))) == count
    assert len(body["signature"]) == 128
    assert len(body["server_public_key"]) == 64


async def test_every_rule_is_the_contracts_rule(client: httpx.AsyncClient, cast: Cast) -> None:
    for rule in (await fetch(client, cast.neighbour))["rules"]:
        fields = {condition["field"] for condition in rule["conditions"]}
        # L1-FIREWALL-001 is the one exception of the contract.
        extra = {"platform"} if rule["id"] == "L1-FIREWALL-001" else set()
        assert fields == {"check_type", "drift_detected"} | extra
        assert rule["actions"] == [rule["action"]]
        assert ":RB-" not in rule["action"]
        assert rule["enabled"] is True
        assert (rule["source"], rule["priority"]) == ("synced", 5)
        types = {"cooldown_seconds": int, "max_retries": int, "hipaa_controls": list, "name": str}
        assert all(isinstance(rule[name], kind) for name, kind in types.items())
    bitlocker = next(
        r for r in (await fetch(client, cast.neighbour))["rules"] if "BITLOCK" in r["id"]
    )
    assert bitlocker["action"] == "run_windows_runbook"
    assert bitlocker["action_params"]["runbook_id"] == "RB-WIN-SEC-005"
    assert bitlocker["cooldown_seconds"] == 3600


async def test_the_signature_verifies_over_the_rules_encoded_again(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await add(database, learnt('it\'s "quoted" \\ odd'))
    for path in (SYNC, L1_RULES):
        verify(await fetch(client, cast.neighbour, path))


async def test_the_other_route_has_the_same_rules_without_the_built_in_ones(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    assert ids(await fetch(client, cast.site, L1_RULES)) == []
    rule = await add(database, learnt())
    own, full = await fetch(client, cast.site, L1_RULES), await fetch(client, cast.site)
    assert ids(own) == [rule.rule_id]
    assert ids(full)[-1] == rule.rule_id
    assert own.keys() == full.keys()


async def test_an_unchanged_set_is_304_until_it_changes(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    first = await client.get(SYNC, headers=cast.site.headers)
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for tag in (etag, f"W/{etag}", f'"x", {etag}', f'"x",W/{etag}', "*"):
        again = await client.get(SYNC, headers=cast.site.headers | {"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == "private, no-cache"
    for tag in ('"x"', "", "garbage", etag.strip('"'), "," * 500):
        again = await client.get(SYNC, headers=cast.site.headers | {"If-None-Match": tag})
        assert again.status_code == 200
    await add(database, learnt())
    changed = await client.get(SYNC, headers=cast.site.headers | {"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_a_rule_reaches_the_sites_of_its_scope_and_no_other(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    organization = cast.partners[0].organizations[0]
    second = cast.partners[0].organizations[1].standard
    reach: list[tuple[RuleScope, UUID | None, list[CastSite]]] = [
        ("platform", None, [cast.site, cast.neighbour, second, cast.foreign_site, cast.stranger]),
        ("partner", cast.partners[0].id, [cast.site, cast.neighbour, second]),
        ("organization", organization.id, [cast.site, cast.neighbour]),
        ("site", cast.site.id, [cast.site]),
    ]
    for site in reach[0][2]:
        await fetch(client, site)
    for number, (scope, scope_id, sites) in enumerate(reach):
        rule = await add(database, learnt(f"type_{number}", scope=scope, scope_id=scope_id))
        got = [site.slug for site in reach[0][2] if rule.rule_id in ids(await fetch(client, site))]
        assert got == [site.slug for site in sites]


async def test_a_disabled_rule_leaves_the_set_and_comes_back(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await add(database, learnt())
    before = await fetch(client, cast.site)
    await switch(database, rule, enabled=False)
    assert rule.rule_id not in ids(await fetch(client, cast.site))
    await switch(database, rule, enabled=True)
    assert await fetch(client, cast.site) == before


async def test_the_site_may_be_named_by_slug_or_id_but_only_the_keys_own(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    foreign = cast.foreign_site
    for path in (SYNC, L1_RULES, PROMOTED):
        for own in ("", f"?site_id={cast.site.slug}", f"?site_id={cast.site.id}"):
            assert (await client.get(path + own, headers=cast.site.headers)).status_code == 200
        for other in (
            foreign.slug,
            str(foreign.id),
            "nobody",
            f"{foreign.slug}&site_id={cast.site.slug}",
        ):
            answer = await client.get(f"{path}?site_id={other}", headers=cast.site.headers)
            assert answer.status_code == 403
            assert answer.headers["content-type"] == "application/problem+json"


async def test_only_appliances_may_sync(client: httpx.AsyncClient, cast: Cast) -> None:
    for path in (SYNC, L1_RULES, PROMOTED):
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers=cast.admin.headers)).status_code == 403


async def test_promoted_rules_are_files_an_agent_can_keep(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await add(database, learnt())
    body = await fetch(client, cast.site, PROMOTED)
    (sent,) = body["rules"]
    assert sent["rule_id"] == rule.rule_id
    assert sent["pattern_signature"] == "service_dns:RB-WIN-SVC-001:*"
    assert (sent["source"], sent["promoted_by"]) == ("server_promoted", "platform")
    assert dt.datetime.fromisoformat(sent["promoted_at"]) == rule.enabled_changed_at
    assert dt.datetime.fromisoformat(body["server_time"]).tzinfo is not None
    file = yaml.safe_load(sent["rule_yaml"])
    assert len(sent["rule_yaml"].encode()) <= 8_192
    assert (file["id"], file["action"]) == (rule.rule_id, "run_windows_runbook")
    assert file["name"]
    assert file["conditions"][0] == {
        "field": "check_type",
        "operator": "eq",
        "value": "service_dns",
    }


async def test_promoted_rules_follow_since(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await add(database, learnt())
    later = (rule.enabled_changed_at + dt.timedelta(hours=1)).isoformat()
    earlier = (rule.enabled_changed_at - dt.timedelta(hours=1)).isoformat()
    for since, count in [
        (later, 0),
        (later.replace("+", " "), 0),
        (earlier, 1),
        (earlier.replace("+", " "), 1),
        (earlier.replace("+00:00", "Z"), 1),
        ("0001-01-01T00:00:00Z", 1),
        ("", 1),
    ]:
        answer = await client.get(PROMOTED, params={"since": since}, headers=cast.site.headers)
        assert answer.status_code == 200, (since, answer.text)
        assert len(answer.json()["rules"]) == count, since
    raw = await client.get(f"{PROMOTED}?since={later}", headers=cast.site.headers)
    assert raw.json()["rules"] == []
    await switch(database, rule, enabled=False)
    assert (await fetch(client, cast.site, PROMOTED))["rules"] == []


@pytest.mark.parametrize(
    "since",
    ["yesterday", "2026", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "\ud800", "9" * 900],
)
async def test_a_since_that_is_no_time_is_a_problem(
    client: httpx.AsyncClient, cast: Cast, since: str
) -> None:
    raw = since.encode("utf-8", "surrogatepass")
    query = "since=" + "".join(f"%{byte:02X}" for byte in raw)
    answer = await client.get(f"{PROMOTED}?{query}", headers=cast.site.headers)
    assert answer.status_code == 422
    assert "2026-02-24T10:00:00Z" in answer.json()["detail"]


async def test_a_sync_is_noted_for_the_keys_appliance(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await client.get(SYNC, headers=cast.appliance.credential.headers)
    await flush(client)
    assert list(await synced(database)) == [cast.appliance.id]


async def test_a_sync_with_a_shared_key_is_noted_where_the_site_has_one_appliance(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await client.get(SYNC, headers=cast.site.headers)
    await flush(client)
    assert list(await synced(database)) == [cast.appliance.id]
    body = {"hostname": "second", "mac_address": "02:00:5e:00:00:99"}
    await client.post("/api/appliances/checkin", json=body, headers=cast.site.headers)
    before = await synced(database)
    etag = (await client.get(SYNC, headers=cast.site.headers)).headers["etag"]
    await client.get(SYNC, headers=cast.site.headers | {"If-None-Match": etag})
    await flush(client)
    assert await synced(database) == before


async def flush(client: httpx.AsyncClient) -> None:
    await parts.of(client).heartbeats.flush()


async def synced(database: db.Database) -> dict[UUID, dt.datetime]:
    async with db.transaction(database, STAGE) as connection:
        found = await connection.fetch(
            "SELECT id, last_sync_at FROM appliances WHERE last_sync_at IS NOT NULL"
        )
    return {row["id"]: row["last_sync_at"] for row in found}
