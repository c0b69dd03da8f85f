from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests.cast import STAGE, Cast

UNKNOWN = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"


async def entry(database: db.Database, action: str) -> dict[str, Any]:
    """Return the newest audit entry of an action."""
    async with db.transaction(database, STAGE) as connection:
        row = await connection.fetchrow(
            "SELECT actor, object_id, partner_id, organization_id, site_id, before, after"
            " FROM audit_entries WHERE action = $1 ORDER BY id DESC LIMIT 1",
            action,
        )
    assert row is not None
    return dict(row)


async def everything(
    client: httpx.AsyncClient, cast: Cast, path: str, **query: str
) -> list[dict[str, Any]]:
    """Return every item of a list, read page by page."""
    items, following = [], None
    while True:
        params = query if following is None else {**query, "next": following}
        answer = await client.get(f"/api/admin/{path}", params=params, headers=cast.admin.headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        following = page["next"]
        if following is None:
            return items


async def test_a_partner_an_organization_and_a_site_are_made_and_found_and_audited(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    made: dict[str, Any] = {}
    for path, body in (
        ("partners", {"name": "East IT"}),
        ("organizations", {"partner_id": "$partners", "name": "Harbour Dental"}),
        (
            "sites",
            {"site_id": "harbour-1", "organization_id": "$organizations", "name": "Main"},
        ),
    ):
        filled = {
            name: made[value[1:]] if value.startswith("$") else value
            for name, value in body.items()
        }
        answer = await client.post(f"/api/admin/{path}", json=filled, headers=cast.admin.headers)
        assert answer.status_code == 201, answer.text
        made[path] = answer.json()["id"]
        assert answer.json() in await everything(client, cast, path)
    found = await entry(database, "site.create")
    assert found["actor"] == cast.admin.email
    assert found["before"] is None
    assert found["after"] == {"site_id": "harbour-1", "name": "Main", "healing_tier": "standard"}
    assert [str(found[name]) for name in ("object_id", "site_id")] == [made["sites"]] * 2
    assert str(found["organization_id"]) == made["organizations"]
    assert str(found["partner_id"]) == made["partners"]


async def test_a_second_site_of_the_same_site_id_is_refused_by_name(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    body = {
        "site_id": cast.foreign_site.slug,
        "organization_id": str(cast.site.organization_id),
        "name": "Main",
        "healing_tier": "standard",
    }
    answer = await client.post("/api/admin/sites", json=body, headers=cast.admin.headers)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:flywheel:problem:already-exists"
    assert cast.foreign_site.slug in answer.json()["detail"]
    assert answer.json()["site_id"] == cast.foreign_site.slug


async def test_what_hangs_on_nothing_is_not_found(client: httpx.AsyncClient, cast: Cast) -> None:
    for path, body in (
        ("organizations", {"partner_id": UNKNOWN, "name": "Harbour Dental"}),
        ("sites", {"site_id": "s-1", "organization_id": UNKNOWN, "name": "Main"}),
        (f"partners/{UNKNOWN}/keys", {"label": "tickets"}),
        ("sites/nowhere/keys", {"label": "rack 2"}),
    ):
        answer = await client.post(f"/api/admin/{path}", json=body, headers=cast.admin.headers)
        assert answer.status_code == 404, (path, answer.text)


SITE = {"organization_id": UNKNOWN, "name": "Main"}


BAD: list[tuple[str, Any]] = [
    ("partners", {}),
    ("partners", {"name": ""}),
    ("partners", {"name": "   "}),
    ("partners", {"name": "x" * 201}),
    ("partners", {"name": "nul\x00"}),
    ("partners", {"name": 7}),
    ("partners", {"name": None}),
    ("partners", {"name": "East IT", "nmae": "misspelt"}),
    ("partners", ["East IT"]),
    ("organizations", {"partner_id": "1", "name": "Harbour Dental"}),
    ("sites", {**SITE, "site_id": ""}),
    ("sites", {**SITE, "site_id": "-leading"}),
    ("sites", {**SITE, "site_id": "two words"}),
    ("sites", {**SITE, "site_id": "line\n"}),
    ("sites", {**SITE, "site_id": "x" * 101}),
    ("sites", {**SITE, "site_id": UNKNOWN}),
    ("sites", {**SITE, "site_id": "s-1", "healing_tier": "gold"}),
]


async def test_bad_input_is_refused_with_what_to_correct(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for path, body in BAD:
        answer = await client.post(f"/api/admin/{path}", json=body, headers=cast.admin.headers)
        assert answer.status_code == 422, (path, body, answer.text)
        assert answer.json()["detail"]


HOSTILE = [
    b'{"name": "\\ud800"}',
    b'{"name": "East IT", "\\ud800": 1}',
    b'{"name": "\xff"}',
    b'{"name": "\\u0000"}',
    b"{",
    b"",
    b'{"name": ' + b"[" * 100_000,
]


async def test_hostile_bytes_are_refused(client: httpx.AsyncClient, cast: Cast) -> None:
    headers = {**cast.admin.headers, "Content-Type": "application/json"}
    for content in HOSTILE:
        answer = await client.post("/api/admin/partners", content=content, headers=headers)
        assert answer.status_code in {400, 422}, (content[:40], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_an_organization_opts_out_and_in_again_with_an_entry_each(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    path = f"/api/admin/organizations/{cast.site.organization_id}"
    answer = await client.patch(path, json={"contributes": False}, headers=cast.admin.headers)
    assert answer.status_code == 200
    assert answer.json()["contributes"] is False
    found = await entry(database, "organization.change")
    assert found["before"]["contributes"] is True
    assert found["after"]["contributes"] is False
    assert found["organization_id"] == cast.site.organization_id
    again = await client.patch(path, json={"contributes": True}, headers=cast.admin.headers)
    assert again.json()["contributes"] is True


async def test_a_change_that_changes_nothing_leaves_no_entry(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    path = f"/api/admin/organizations/{cast.site.organization_id}"
    answer = await client.patch(path, json={"contributes": True}, headers=cast.admin.headers)
    assert answer.status_code == 200
    with pytest.raises(AssertionError):
        await entry(database, "organization.change")
    empty = await client.patch(path, json={"name": None}, headers=cast.admin.headers)
    assert empty.status_code == 422


async def test_sites_are_found_by_partner_organization_and_text(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    partner = cast.partners[1]
    by_partner = await everything(client, cast, "sites", partner_id=str(partner.id))
    assert {site["partner_id"] for site in by_partner} == {str(partner.id)}
    assert len(by_partner) == 4
    organization = partner.organizations[0]
    inside = await everything(client, cast, "sites", organization_id=str(organization.id))
    assert {site["site_id"] for site in inside} == {
        organization.standard.slug,
        organization.full_coverage.slug,
    }
    assert [site["id"] for site in await everything(client, cast, "sites", q="NORTH-1-FULL")] == [
        str(cast.neighbour.id)
    ]
    # A wildcard of the database's is a plain character here.
    assert await everything(client, cast, "sites", q="%") == []
    assert await everything(client, cast, "organizations", q="nobody") == []


async def test_a_filter_by_something_unknown_is_not_found(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for name in ("partner_id", "organization_id"):
        for value in (UNKNOWN, "nowhere"):
            answer = await client.get(
                "/api/admin/sites", params={name: value}, headers=cast.admin.headers
            )
            assert answer.status_code == 404, (name, value)


LISTS = [
    "partners",
    "organizations",
    "sites",
    "keys",
    "operators",
    "appliances",
    "audit",
    "runbooks",
    "aliases",
    "rules",
]


async def test_every_list_pages_through_everything_once(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for path in LISTS:
        whole = await everything(client, cast, path, limit="200")
        assert whole
        size = max(1, len(whole) // 4)
        assert await everything(client, cast, path, limit=str(size)) == whole, path


async def test_a_page_is_as_long_as_asked_and_the_last_one_has_no_next(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    async def page(**params: str) -> Any:
        answer = await client.get("/api/admin/sites", params=params, headers=cast.viewer.headers)
        return answer.json()

    first = await page(limit="8")
    assert len(first["items"]) == 8
    # The stranger's is the ninth; other tools' names for the cursor work as well.
    for name in ("next", "after", "cursor"):
        last = await page(limit="8", **{name: first["next"]})
        assert len(last["items"]) == 1
        assert last["next"] is None
    assert (await page(limit="9"))["next"] is None


async def test_a_damaged_page_is_refused(client: httpx.AsyncClient, cast: Cast) -> None:
    for params in (
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "many"},
        {"next": "damaged"},
        {"next": ""},
        {"next": "WzFd"},
        {"next": "WyJcdTAwMDAiXQ"},
        {"next": "x" * 3_000},
        {"next": "é"},
    ):
        answer = await client.get("/api/admin/sites", params=params, headers=cast.admin.headers)
        assert answer.status_code == 422, (params, answer.text)
