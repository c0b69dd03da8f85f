"""F10: whoever approves, and by whichever path, the same rows come of it but for actor and time."""

import datetime as dt
import json
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from tests import candidates, cast as people
from tests.cast import Cast, CastSite

PARTNER = "/api/partners/me/learning/candidates"
# Who decided and when, and what follows from these: ids of the database, hashes, signatures.
ACTOR = {"actor", "actor_id", "actor_kind", "actor_name", "decided_by", "issued_by", "tier"}
TIME = {"at", "decided_at", "changed_at", "created_at", "enabled_changed_at", "expires_at"} | {
    "first_seen_at",
    "handed_out_at",
    "last_evidence_at",
    "last_seen_at",
    "occurred_at",
    "state_changed_at",
}
FOLLOWS = {"id", "hash", "previous_hash", "nonce", "signature", "signed_payload", "appliance_id"}
APART = ACTOR | TIME | FOLLOWS
TABLES = {
    "patterns": "ORDER BY t.hostname",
    "promotions": "ORDER BY t.decided_at",
    "l1_rules": "ORDER BY t.rule_id",
    "audit_entries": "AND t.action LIKE 'candidate.%' ORDER BY t.id",
    "events": "ORDER BY t.id",
    "orders": "ORDER BY t.created_at",
}
PATHS = ("partner", "partner key", "bulk", "client", "operator")
CASES = [
    ("approve", {"deploy_immediately": False}, ("WS-1",)),
    ("approve", {"notes": "Seen it <work>.", "deploy_immediately": True}, ("WS-1",)),
    ("approve", {"notes": "\u202eright", "deploy_immediately": True}, ("WS-1", "WS-2", "\u00e9")),
    ("reject", {"reason": "Not here."}, ("WS-1", "WS-2")),
]


async def _decide(
    http: httpx.AsyncClient, cast: Cast, path: str, ids: list[str], deed: str, body: Any
) -> None:
    """Decide on candidates by one of the paths, one after the other but in bulk."""
    if path == "bulk":
        headers = cast.session("partner owner")
        await _post(http, f"{PARTNER}/bulk-{deed}", body | {"pattern_ids": ids}, headers)
        return
    prefix, headers = {
        "partner": (PARTNER, cast.session("partner technician")),
        "partner key": (PARTNER, cast.partners[0].credential.headers),
        "client": ("/api/client/promotion-candidates", cast.session("client admin")),
        "operator": ("/api/admin/candidates", cast.admin.headers),
    }[path]
    for pattern_id in ids:
        await _post(http, f"{prefix}/{pattern_id}/{deed}", body, headers)


async def _same_evidence(database: db.Database, site: CastSite, seen_at: dt.datetime) -> None:
    async with db.transaction(database, people.STAGE) as connection:
        await connection.execute(
            "UPDATE patterns SET last_seen_at = $2, last_evidence_at = $2 WHERE site_id = $1",
            site.id,
            seen_at,
        )


async def _post(http: httpx.AsyncClient, url: str, body: Any, headers: dict[str, str]) -> None:
    answer = await http.post(url, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    for each in answer.json().get("results", []):
        assert each["verdict"] in {"approved", "rejected"}, each


async def _rows(database: db.Database, site: CastSite, ids: list[str]) -> dict[str, Any]:
    """Return what every table holds of one site, under names that every site shares."""
    found = {
        table: await candidates.rows(
            database, f"SELECT t.* FROM {table} t WHERE t.site_id = $1 {rest}", site.id
        )
        for table, rest in TABLES.items()
    }
    shared = {str(site.id): "SITE"} | {each: f"PATTERN-{n}" for n, each in enumerate(ids)}
    for rule in found["l1_rules"]:
        shared |= {str(rule["id"]): "RULE", rule["rule_id"]: "RULE-ID"}
    plain = {table: [_without(row) for row in rows] for table, rows in found.items()}
    text = json.dumps(plain, default=str, sort_keys=True)
    for own, name in shared.items():
        text = text.replace(own, name)
    answer: dict[str, Any] = json.loads(text)
    return answer


def _without(value: Any) -> Any:
    """Take out what may differ, wherever it stands."""
    if isinstance(value, dict):
        return {key: _without(each) for key, each in value.items() if key not in APART}
    return [_without(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{len(case[2])}")
async def test_f10_every_path_gives_the_same_rows(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, case: Any
) -> None:
    """Broken by a path that leaves the notes out, tells of no event, or marks nothing stale."""
    deed, body, hosts = case
    outcomes = {}
    seen_at = clock.now()
    for number, path in enumerate(PATHS):
        site = await people.make_site(
            database,
            slug=f"one-of-{number}",
            healing_tier="full_coverage",
            organization_id=cast.neighbour.organization_id,
        )
        await people.make_appliance(database, site)
        made = await candidates.make_candidates(database, [site], hosts)
        ids = [made[site.id][host] for host in hosts]
        # The gates tell when they were last seen.
        await _same_evidence(database, site, seen_at)
        await _decide(client, cast, path, ids, deed, body)
        outcomes[path] = await _rows(database, site, ids)

    first = outcomes[PATHS[0]]
    approved = deed == "approve"
    assert len(first["promotions"]) == len(first["audit_entries"]) == len(hosts)
    assert len(first["l1_rules"]) == int(approved)
    assert len(first["events"]) == len(hosts) + int(approved)
    assert len(first["orders"]) == int(body.get("deploy_immediately", False))
    for path in PATHS[1:]:
        assert outcomes[path] == first, path
