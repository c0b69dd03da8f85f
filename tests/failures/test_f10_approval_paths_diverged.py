"""F10: fifty approvals gave no rule on one of the paths.

``tests/learning/test_one_promote.py`` compares what each path writes, row by row.

Broken on purpose by an early return in ``bulk._one``: the second case has no rules.
"""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast

PARTNER = "/api/partners/me/learning/candidates"
PREFIXES = {
    "partner owner": PARTNER,
    "operator admin": "/api/admin/candidates",
    "client admin": "/api/client/promotion-candidates",
}
BODY = {"deploy_immediately": False}


@pytest.mark.parametrize("path", [*PREFIXES, "bulk"])
async def test_f10_fifty_approvals_give_fifty_rules(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, path: str
) -> None:
    site = cast.neighbour
    ids = [
        await candidates.make_candidate(database, site, incident_type=f"type_{number}")
        for number in range(50)
    ]
    asked: list[tuple[str, Any]] = [
        (f"{PREFIXES.get(path, PARTNER)}/{each}/approve", BODY) for each in ids
    ]
    if path == "bulk":
        asked = [(f"{PARTNER}/bulk-approve", BODY | {"pattern_ids": ids})]
    for url, body in asked:
        answer = await client.post(
            url, json=body, headers=cast.session(path if path != "bulk" else "partner owner")
        )
        assert answer.status_code == 200, answer.text

    synced = await client.get(f"/agent/sync?site_id={site.slug}", headers=site.headers)
    promoted = [rule for rule in synced.json()["rules"] if rule["source"] == "promoted"]
    assert {rule["conditions"][0]["value"] for rule in promoted} == {
        f"type_{number}" for number in range(50)
    }
