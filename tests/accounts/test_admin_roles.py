"""Another role for somebody: it holds at once, stays within their home, and leaves an admin.

Broken on purpose: without the announcements, and without ``hold_admins``, these fail.
"""

import asyncio

import httpx

from flywheel_server.core import db
from tests.candidates import rows
from tests.cast import Cast, make_person

USERS = "/api/admin/users"


async def _role(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    answer = await client.get("/api/auth/session", headers=headers)
    return str(answer.json()["role"]) if answer.status_code == 200 else str(answer.status_code)


async def test_another_role_ends_the_sessions_of_the_old_one(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    technician = cast.people["partner technician"]
    assert await _role(client, technician.headers) == "partner technician"
    changed = await client.patch(
        f"{USERS}/{technician.id}", json={"role": "viewer"}, headers=cast.admin.headers
    )
    assert changed.json()["role"] == "partner viewer"
    assert await _role(client, technician.headers) == "401"
    (entry,) = await rows(
        database,
        "SELECT actor, object_id, before, after FROM audit_entries WHERE action = 'user.role'",
    )
    assert entry["object_id"] == str(technician.id)
    assert (entry["before"], entry["after"]) == ({"role": "technician"}, {"role": "viewer"})
    again = await client.patch(
        f"{USERS}/{technician.id}", json={"role": "viewer"}, headers=cast.admin.headers
    )
    assert again.status_code == 200
    assert len(await rows(database, "SELECT 1 FROM audit_entries WHERE action = 'user.role'")) == 1


async def test_an_operators_tokens_have_the_new_role_at_once(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    viewer = cast.people["operator viewer"]
    body = {"name": "East IT"}
    refused = await client.post("/api/admin/partners", json=body, headers=cast.viewer.headers)
    assert refused.status_code == 403
    for role, status in (("admin", 201), ("viewer", 403)):
        changed = await client.patch(
            f"{USERS}/{viewer.id}", json={"role": role}, headers=cast.admin.headers
        )
        assert changed.json()["role"] == f"operator {role}"
        answer = await client.post("/api/admin/partners", json=body, headers=cast.viewer.headers)
        assert answer.status_code == status
    assert await _role(client, viewer.headers) == "401"


async def test_a_role_of_another_home_is_refused(client: httpx.AsyncClient, cast: Cast) -> None:
    for person, role in (
        ("partner viewer", "admin"),
        ("client viewer", "technician"),
        ("operator viewer", "owner"),
    ):
        answer = await client.patch(
            f"{USERS}/{cast.people[person].id}", json={"role": role}, headers=cast.admin.headers
        )
        assert answer.status_code == 422, person
        assert "`role` is one of" in answer.json()["detail"]


async def test_the_last_admin_stays_one_however_many_try(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first = cast.people["operator admin"]
    alone = await client.patch(
        f"{USERS}/{first.id}", json={"role": "viewer"}, headers=cast.admin.headers
    )
    assert alone.status_code == 409, alone.text
    assert "last admin" in alone.json()["detail"]
    second = await make_person(database, "admin")
    # Each takes the other away in the same moment.
    answers = await asyncio.gather(
        client.patch(f"{USERS}/{second.id}", json={"role": "viewer"}, headers=first.headers),
        client.post(f"{USERS}/{first.id}/disable", headers=second.headers),
    )
    assert {answer.status_code for answer in answers} <= {200, 401, 403, 409}
    admins = await rows(
        database, "SELECT 1 FROM operators WHERE role = 'admin' AND disabled_at IS NULL"
    )
    assert len(admins) == 1
