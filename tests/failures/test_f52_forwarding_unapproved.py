"""F52: forwarding un-approved a candidate, because the endorsement's row defaulted to "pending".

Broken on purpose by setting the candidate's state in ``promote.forward``.
"""

import httpx

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast

CANDIDATES = "/api/client/promotion-candidates"


async def test_f52_forwarding_changes_no_decision(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    admin = cast.session("client admin")
    pattern_id = await candidates.make_candidate(database, cast.neighbour)
    first = await client.post(f"{CANDIDATES}/{pattern_id}/forward", json={}, headers=admin)
    approved = await client.post(f"{CANDIDATES}/{pattern_id}/approve", json={}, headers=admin)

    again = await client.post(f"{CANDIDATES}/{pattern_id}/forward", json={}, headers=admin)

    assert (first.status_code, approved.status_code) == (200, 200)
    assert again.status_code == 409
    (pattern,) = await candidates.rows(database, "SELECT state FROM patterns")
    assert pattern["state"] == "approved"
    (rule,) = await candidates.rows(
        database, "SELECT enabled FROM l1_rules WHERE source = 'promoted'"
    )
    assert rule["enabled"]
    (listed,) = (await client.get(CANDIDATES, headers=admin)).json()["items"]
    assert listed["endorsed"]["by"] == listed["decided"]["by"] == cast.people["client admin"].email


async def test_f52_a_decision_undoes_no_endorsement(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.site)
    await candidates.forward(database, cast.site, pattern_id)
    await client.post(
        f"/api/partners/me/learning/candidates/{pattern_id}/reject",
        json={"reason": "Not here."},
        headers=cast.session("partner technician"),
    )

    shown = await client.get(
        f"/api/partners/me/learning/candidates/{pattern_id}",
        headers=cast.session("partner viewer"),
    )

    assert [each["what"] for each in shown.json()["history"]] == ["endorsed", "rejected"]
