"""The audit of one's own: everything that concerns an organization or a partner, nothing else.

Broken on purpose: with an operator's scope in place of the caller's, and without the condition on
``text``, these fail.
"""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast

CLIENT, PARTNER = "/api/client/audit", "/api/partners/me/audit"


async def _entries(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], **query: Any
) -> list[dict[str, Any]]:
    answer = await client.get(path, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def _forward(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, notes: str = "Every Monday."
) -> str:
    id = await candidates.make_candidate(database, cast.site)
    answer = await client.post(
        f"/api/client/promotion-candidates/{id}/forward",
        json={"notes": notes},
        headers=cast.session("client admin"),
    )
    assert answer.status_code == 200, answer.text
    return id


async def test_what_a_client_did_is_seen_by_them_and_their_partner_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    id = await _forward(client, database, cast)
    for path, role in ((CLIENT, "client viewer"), (PARTNER, "partner viewer")):
        (own,) = await _entries(client, path, cast.session(role), text=id)
        assert own["action"] == "candidate.endorse"
        assert own["actor"] == cast.people["client admin"].email
        assert own["actor_kind"] == "client"
        assert own["site"]["site_id"] == cast.site.slug
        assert own["after"]["notes"] == "Every Monday."
        assert await _entries(client, path, cast.foreign_session(role), text=id) == []


async def test_a_client_sees_no_entry_of_another_organization_of_the_same_partner(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    other = str(cast.partners[0].organizations[1].id)
    own = str(cast.partners[0].organizations[0].id)
    seen = await _entries(client, CLIENT, cast.session("client admin"), limit=200)
    assert own in {entry["object_id"] for entry in seen}
    assert other not in str(seen)
    everything = await _entries(client, PARTNER, cast.session("partner owner"), limit=200)
    assert {own, other} <= {entry["object_id"] for entry in everything}
    assert str(cast.partners[1].id) not in str(everything)


async def test_entries_are_filtered_by_what_was_done_by_whom_where_and_when(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await _forward(client, database, cast, "100 % of Mondays_")
    headers = cast.session("client admin")
    for query, count in (
        ({"action": "candidate.endorse"}, 1),
        ({"action": "candidate"}, 0),
        ({"actor_kind": "client", "site": cast.site.slug}, 1),
        ({"actor_kind": "loop"}, 0),
        ({"text": "mondays_"}, 1),
        ({"text": "100 %"}, 1),
        ({"text": "%"}, 1),
        ({"text": "tuesdays"}, 0),
        ({"action": "candidate.endorse", "days": 1}, 1),
    ):
        assert len(await _entries(client, CLIENT, headers, **query)) == count, query


async def test_a_page_goes_on_where_the_one_before_ended(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    headers = cast.session("client viewer")
    whole = await _entries(client, CLIENT, headers)
    first = (await client.get(CLIENT, params={"limit": 2}, headers=headers)).json()
    rest = await _entries(client, CLIENT, headers, next=first["next"])
    assert [*first["items"], *rest] == whole
    assert [entry["id"] for entry in whole] == sorted((e["id"] for e in whole), reverse=True)


@pytest.mark.parametrize("query", [{"site": "no-such-site"}, {"days": 0}, {"actor_kind": "nobody"}])
async def test_a_filter_that_means_nothing_is_refused(
    client: httpx.AsyncClient, cast: Cast, query: dict[str, str]
) -> None:
    answer = await client.get(CLIENT, params=query, headers=cast.session("client admin"))
    assert answer.status_code in {404, 422}
