"""People, for those who manage them: operators all, partner owners and client admins their own."""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests.cast import STAGE, Cast, sign_in

ADMIN, PARTNER, CLIENT = "/api/admin/users", "/api/partners/me/users", "/api/client/users"
SESSION = "/api/auth/session"
PASSWORD = "nine words make a better password than one"


async def _invite(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], **body: Any
) -> httpx.Response:
    return await client.post(path, headers=headers, json={"email": "new@example.com"} | body)


async def _join(client: httpx.AsyncClient, invited: httpx.Response) -> dict[str, Any]:
    """Accept an invitation; return who one is then."""
    url = httpx.URL(invited.json()["invitation_link"])
    assert url.path == "/invitation"
    answer = await client.post(
        "/api/auth/accept-invitation",
        json={"token": url.params["token"], "password": PASSWORD},
    )
    client.cookies.clear()
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_an_operator_invites_people_of_every_home(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    partner, organization = str(cast.partners[0].id), str(cast.site.organization_id)
    for number, (body, role) in enumerate(
        [
            ({"role": "owner", "partner_id": partner}, "partner owner"),
            ({"role": "technician", "partner_id": partner}, "partner technician"),
            ({"role": "viewer", "organization_id": organization}, "client viewer"),
            ({"role": "admin", "organization_id": organization}, "client admin"),
            ({"role": "viewer"}, "operator viewer"),
        ]
    ):
        email = f"person-{number}@example.org"
        invited = await _invite(client, ADMIN, cast.admin.headers, email=email, **body)
        assert invited.status_code == 201, invited.text
        joined = await _join(client, invited)
        assert joined["email"] == email
        assert joined["role"] == role
        assert joined["partner_id"] == body.get("partner_id")
        assert joined["organization_id"] == body.get("organization_id")


async def test_an_owner_and_a_client_admin_invite_into_their_own_home(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    made = await _invite(client, PARTNER, cast.session("partner owner"), role="technician")
    joined = await _join(client, made)
    assert joined["role"] == "partner technician"
    assert joined["partner_id"] == str(cast.partners[0].id)
    made = await _invite(
        client, CLIENT, cast.session("client admin"), role="admin", email="c@example.com"
    )
    joined = await _join(client, made)
    assert joined["role"] == "client admin"
    assert joined["organization_id"] == str(cast.site.organization_id)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"role": "owner"}, 422),
        ({"role": "emperor"}, 422),
        ({"role": "viewer", "email": "no address"}, 422),
        ({"role": "viewer", "email": "a\u0000@example.com"}, 422),
        ({"role": "viewer", "extra": 1}, 422),
        ({"role": "viewer", "partner_id": "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"}, 404),
        ({"role": "viewer", "email": "north-OWNER@partner.example.com"}, 409),
        ({"role": "viewer", "email": "ADMIN@example.com"}, 409),
    ],
)
async def test_a_wrong_invitation_is_refused_and_invites_nobody(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, body: dict[str, Any], status: int
) -> None:
    async with db.transaction(database, STAGE) as connection:
        before = await connection.fetchval("SELECT count(*) FROM users")
    answer = await _invite(client, ADMIN, cast.admin.headers, **body)
    assert answer.status_code == status, answer.text
    async with db.transaction(database, STAGE) as connection:
        assert await connection.fetchval("SELECT count(*) FROM users") == before


async def test_a_client_admin_cannot_give_a_partners_role(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    answer = await _invite(client, CLIENT, cast.session("client admin"), role="owner")
    assert answer.status_code == 422


async def test_each_sees_their_own_people_alone(client: httpx.AsyncClient, cast: Cast) -> None:
    async def emails(path: str, headers: dict[str, str]) -> set[str]:
        answer = await client.get(path, headers=headers, params={"limit": "200"})
        assert answer.status_code == 200, answer.text
        return {user["email"] for user in answer.json()["items"]}

    everybody = await emails(ADMIN, cast.admin.headers)
    assert len(everybody) == 12
    own = await emails(PARTNER, cast.session("partner owner"))
    assert own == {e for e in everybody if e.startswith("north") and "@partner" in e}
    own = await emails(CLIENT, cast.foreign_session("client admin"))
    assert own == {e for e in everybody if e.startswith("south") and "@client" in e}
    filtered = await client.get(
        ADMIN, headers=cast.admin.headers, params={"partner_id": str(cast.partners[1].id)}
    )
    assert len(filtered.json()["items"]) == 3


async def test_a_list_goes_on_where_a_page_ended(client: httpx.AsyncClient, cast: Cast) -> None:
    found, cursor = [], None
    while True:
        params = {"limit": "5"} | ({"next": cursor} if cursor else {})
        page = (await client.get(ADMIN, headers=cast.admin.headers, params=params)).json()
        found += [user["id"] for user in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 12


async def test_people_are_found_by_a_part_of_their_address_with_open_invitations_marked(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for path, headers, role in (
        (ADMIN, cast.admin.headers, "viewer"),
        (PARTNER, cast.session("partner owner"), "viewer"),
        (CLIENT, cast.session("client admin"), "viewer"),
    ):
        email = f"new-{len(path)}@example.com"
        invited = await _invite(client, path, headers, email=email, role=role)
        for wanted, found in ((email.upper(), [(email, True)]), ("has-no-account", [])):
            answer = await client.get(path, params={"text": wanted}, headers=headers)
            told = [(each["email"], each["invitation_open"]) for each in answer.json()["items"]]
            assert told == found
        await _join(client, invited)
        answer = await client.get(path, params={"text": email}, headers=headers)
        assert [each["invitation_open"] for each in answer.json()["items"]] == [False]


async def test_a_disabled_person_is_out_at_once_until_enabled(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    person = cast.people["partner technician"]
    stats = "/api/auth/session"
    assert (await client.get(stats, headers=person.headers)).status_code == 200
    path = f"{PARTNER}/{person.id}"
    owner = cast.session("partner owner")

    disabled = await client.post(f"{path}/disable", headers=owner)
    assert disabled.json()["disabled_at"]
    assert (await client.get(stats, headers=person.headers)).status_code == 401
    assert (await client.post(f"{path}/links", headers=owner)).status_code == 409
    again = await client.post(f"{path}/disable", headers=owner)
    assert again.json() == disabled.json()

    enabled = await client.post(f"{path}/enable", headers=owner)
    assert enabled.json()["disabled_at"] is None
    # Sessions do not come back.
    assert (await client.get(stats, headers=person.headers)).status_code == 401
    link = httpx.URL((await client.post(f"{path}/links", headers=owner)).json()["link"])
    redeemed = await client.post("/api/auth/links/redeem", json={"token": link.params["token"]})
    assert redeemed.json()["role"] == "partner technician"


@pytest.mark.parametrize(
    ("path", "manager", "role"),
    [
        (ADMIN, "operator admin", "partner owner"),
        (ADMIN, "operator admin", "operator viewer"),
        (PARTNER, "partner owner", "partner technician"),
        (CLIENT, "client admin", "client viewer"),
    ],
)
async def test_somebody_is_signed_out_everywhere_and_signs_in_again(
    client: httpx.AsyncClient,
    cast: Cast,
    database: db.Database,
    path: str,
    manager: str,
    role: str,
) -> None:
    person, headers = cast.people[role], cast.session(manager)
    other = await sign_in(database, person.email)
    for each in (person, other):
        assert (await client.get(SESSION, headers=each.headers)).status_code == 200

    done = await client.delete(f"{path}/{person.id}/sessions", headers=headers)

    assert done.json() == {"id": str(person.id), "email": person.email, "ended": 2}
    for each in (person, other):
        assert (await client.get(SESSION, headers=each.headers)).status_code == 401
    again = await sign_in(database, person.email)
    assert (await client.get(SESSION, headers=again.headers)).status_code == 200
    assert (await client.get(SESSION, headers=headers)).status_code == 200
    filters = {"action": "user.sign_out", "object_id": str(person.id)}
    said = await client.get("/api/admin/audit", headers=cast.admin.headers, params=filters)
    (entry,) = said.json()["items"]
    assert (entry["actor"], entry["after"]) == (cast.people[manager].email, {"ended": 2})


async def test_a_disabled_operators_tokens_end_for_good(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    viewer = cast.people["operator viewer"]
    for verb, disabled in (("disable", True), ("enable", False)):
        answer = await client.post(f"{ADMIN}/{viewer.id}/{verb}", headers=cast.admin.headers)
        assert (answer.json()["disabled_at"] is not None) == disabled
        for headers in (cast.viewer.headers, viewer.headers):
            asked = await client.get("/api/admin/partners", headers=headers)
            assert asked.status_code == 401


@pytest.mark.parametrize(
    ("path", "role"),
    [(ADMIN, "operator admin"), (PARTNER, "partner owner"), (CLIENT, "client admin")],
)
async def test_nobody_disables_themselves(
    client: httpx.AsyncClient, cast: Cast, path: str, role: str
) -> None:
    person = cast.people[role]
    answer = await client.post(f"{path}/{person.id}/disable", headers=person.headers)
    assert answer.status_code == 409
    assert (await client.get("/api/auth/session", headers=person.headers)).status_code == 200


async def test_every_change_says_who_and_whom_and_no_secret(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    invited = await _invite(client, PARTNER, cast.session("partner owner"), role="viewer")
    id = invited.json()["id"]
    await client.post(f"{PARTNER}/{id}/disable", headers=cast.session("partner owner"))
    entries = (
        await client.get(
            "/api/admin/audit",
            headers=cast.admin.headers,
            params={"object_kind": "user", "object_id": id},
        )
    ).json()["items"]
    assert [entry["action"] for entry in entries] == ["user.disable", "user.invite"]
    assert {entry["actor"] for entry in entries} == {cast.people["partner owner"].email}
    token = httpx.URL(invited.json()["invitation_link"]).params["token"]
    assert token not in str(entries)
