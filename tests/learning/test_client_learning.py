"""Candidates, for clients: decide where coverage is full, forward elsewhere."""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast

CANDIDATES = "/api/client/promotion-candidates"


async def post(
    http: httpx.AsyncClient, cast: Cast, path: str, body: Any = None, role: str = "client admin"
) -> httpx.Response:
    return await http.post(f"{CANDIDATES}/{path}", json=body or {}, headers=cast.session(role))


async def test_an_admin_with_full_coverage_approves_and_the_rule_is_served(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.neighbour)

    answer = await post(client, cast, f"{pattern_id}/approve", {"custom_name": "Spooler"})

    assert answer.status_code == 200, answer.text
    site = cast.neighbour
    synced = await client.get(f"/agent/sync?site_id={site.slug}", headers=site.headers)
    assert answer.json()["rule"] in synced.json()["rules"]
    assert answer.json()["rule"]["name"] == "Spooler"


async def test_an_admin_with_full_coverage_rejects(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.neighbour)

    answer = await post(client, cast, f"{pattern_id}/reject", {"reason": "Not here."})

    assert answer.status_code == 200, answer.text
    assert answer.json()["decision"] == "rejected"
    again = await post(client, cast, f"{pattern_id}/approve")
    assert again.status_code == 409
    assert again.json()["decided_by"] == cast.people["client admin"].email


async def test_a_standard_site_is_told_to_forward(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.site)

    for path, body in (("approve", {}), ("reject", {"reason": "Not here."})):
        answer = await post(client, cast, f"{pattern_id}/{path}", body)
        assert answer.status_code == 403
        assert f"/{pattern_id}/forward" in answer.json()["detail"]
    forwarded = await post(client, cast, f"{pattern_id}/forward", {"notes": "Every Monday."})

    assert forwarded.status_code == 200, forwarded.text
    assert forwarded.json()["status"] == "eligible"
    assert forwarded.json()["endorsed"]["notes"] == "Every Monday."
    events = await candidates.rows(
        database, "SELECT kind, partner_id FROM events WHERE kind LIKE 'candidate%'"
    )
    assert events == [{"kind": "candidate.endorsed", "partner_id": cast.site.partner_id}]


async def test_both_tiers_forward(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    for site in (cast.site, cast.neighbour):
        pattern_id = await candidates.make_candidate(database, site)
        assert (await post(client, cast, f"{pattern_id}/forward")).status_code == 200
    listed = await client.get(
        CANDIDATES, params={"endorsed": True}, headers=cast.session("client viewer")
    )
    assert len(listed.json()["items"]) == 2


async def test_what_was_decided_is_not_forwarded(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.neighbour)
    await post(client, cast, f"{pattern_id}/reject", {"reason": "Not here."})

    assert (await post(client, cast, f"{pattern_id}/forward")).status_code == 409


@pytest.mark.parametrize("deed", ["approve", "reject", "forward"])
async def test_a_viewer_changes_nothing(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, deed: str
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.neighbour)
    body = {"reason": "Not here."} if deed == "reject" else {}

    answer = await post(client, cast, f"{pattern_id}/{deed}", body, role="client viewer")

    assert answer.status_code == 403
    assert await candidates.rows(database, "SELECT id FROM promotions") == []
    assert await candidates.rows(database, "SELECT id FROM endorsements") == []


@pytest.mark.parametrize("deed", ["approve", "reject", "forward"])
async def test_another_organizations_candidate_is_not_there(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, deed: str
) -> None:
    body = {"reason": "Not here."} if deed == "reject" else {}
    # The second is of the same partner, but of another of its organizations.
    for site in (cast.foreign_site, cast.partners[0].organizations[1].full_coverage):
        pattern_id = await candidates.make_candidate(database, site)
        assert (await post(client, cast, f"{pattern_id}/{deed}", body)).status_code == 404


async def test_the_list_shows_ones_own_and_who_may_decide(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    for site in cast.sites:
        await candidates.make_candidate(database, site)

    listed = await client.get(CANDIDATES, headers=cast.session("client viewer"))

    found = {each["site"]["site_id"]: each["may_decide"] for each in listed.json()["items"]}
    assert found == {cast.site.slug: False, cast.neighbour.slug: True}
    one = await client.get(
        CANDIDATES, params={"site": cast.site.slug}, headers=cast.session("client viewer")
    )
    assert len(one.json()["items"]) == 1
    foreign = await client.get(
        CANDIDATES, params={"site": cast.foreign_site.slug}, headers=cast.session("client viewer")
    )
    assert foreign.status_code == 404


async def test_below_five_occurrences_nothing_is_shown(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await candidates.make_candidate(database, cast.site)
    async with db.transaction(database, candidates.operator()) as connection:
        await connection.execute("UPDATE patterns SET successes = 4")

    listed = await client.get(CANDIDATES, headers=cast.session("client viewer"))

    assert listed.json()["items"] == []
