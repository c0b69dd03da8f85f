import httpx
import pytest

from flywheel_server.core import db
from tests.accounts.test_operator_accounts import UNKNOWN, entry, everything
from tests.cast import Cast, CastSite, make_appliance

INCIDENT = {"check_type": "disk_space"}


async def issue(
    client: httpx.AsyncClient, cast: Cast, path: str, **body: str
) -> tuple[str, dict[str, str]]:
    """Return a new key's id, and the header that shows it."""
    answer = await client.post(f"/api/admin/{path}/keys", json=body, headers=cast.admin.headers)
    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"id", "key"}
    return answer.json()["id"], {"Authorization": f"Bearer {answer.json()['key']}"}


async def accepted(client: httpx.AsyncClient, headers: dict[str, str]) -> int:
    return (await client.post("/incidents", json=INCIDENT, headers=headers)).status_code


@pytest.mark.parametrize("by", ["slug", "id"])
async def test_a_sites_key_works_by_slug_or_id(
    client: httpx.AsyncClient, cast: Cast, by: str
) -> None:
    _, headers = await issue(client, cast, f"sites/{getattr(cast.site, by)}", label="rack 2")
    assert await accepted(client, headers) == 200


@pytest.mark.parametrize("form", ["wire id", "hyphens", "id"])
async def test_a_key_is_bound_to_an_appliance_by_any_form_of_its_id(
    client: httpx.AsyncClient, cast: Cast, form: str
) -> None:
    appliance = cast.appliance
    named = {
        "wire id": appliance.wire_id,
        "hyphens": appliance.wire_id.replace(":", "-"),
        "id": str(appliance.id),
    }[form]
    key_id, headers = await issue(
        client, cast, f"sites/{cast.site.slug}", label="vm", appliance_id=named
    )
    assert await accepted(client, headers) == 200
    listed = await everything(client, cast, "keys", site_id=cast.site.slug)
    assert {key["appliance_id"] for key in listed if key["id"] == key_id} == {appliance.wire_id}


async def test_an_appliance_of_another_site_or_of_none_is_not_found(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    elsewhere = await make_appliance(database, cast.foreign_site)
    for named in (elsewhere.wire_id, str(elsewhere.id), UNKNOWN, "nothing"):
        answer = await client.post(
            f"/api/admin/sites/{cast.site.slug}/keys",
            json={"label": "vm", "appliance_id": named},
            headers=cast.admin.headers,
        )
        assert answer.status_code == 404


async def test_a_revoked_key_stops_at_once_and_again_changes_nothing(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    key_id, headers = await issue(client, cast, f"sites/{cast.site.slug}")
    assert await accepted(client, headers) == 200
    for _ in range(2):
        answer = await client.delete(f"/api/admin/keys/{key_id}", headers=cast.admin.headers)
        assert (answer.status_code, answer.content) == (204, b"")
        assert await accepted(client, headers) == 401
    found = await entry(database, "key.revoke")
    assert found["object_id"] == key_id
    assert found["site_id"] == cast.site.id
    assert found["partner_id"] == cast.site.partner_id
    revocations = await everything(client, cast, "audit", action="key.revoke")
    assert len(revocations) == 1


async def test_revoking_one_key_leaves_the_others(client: httpx.AsyncClient, cast: Cast) -> None:
    key_id, _ = await issue(client, cast, f"sites/{cast.site.slug}")
    await client.delete(f"/api/admin/keys/{key_id}", headers=cast.admin.headers)
    assert await accepted(client, cast.site.headers) == 200
    assert await accepted(client, cast.appliance.credential.headers) == 200


async def test_a_partners_key_is_issued_and_revoked(client: httpx.AsyncClient, cast: Cast) -> None:
    key_id, headers = await issue(client, cast, f"partners/{cast.partners[0].id}", label="tickets")
    # Nothing is a partner's yet: known, and refused.
    assert (await client.get("/api/admin/sites", headers=headers)).status_code == 403
    await client.delete(f"/api/admin/keys/{key_id}", headers=cast.admin.headers)
    assert (await client.get("/api/admin/sites", headers=headers)).status_code == 401


async def test_keys_are_listed_by_owner_without_anything_secret(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    answer = await client.get("/api/admin/keys", headers=cast.viewer.headers)
    sites: list[CastSite] = cast.sites
    for secret in (*(site.key for site in sites), cast.admin.credential.key, "digest"):
        assert secret not in answer.text
    of_site = await everything(client, cast, "keys", site_id=cast.foreign_site.slug)
    assert [key["id"] for key in of_site] == [str(cast.foreign_site.credential.id)]
    of_partner = await everything(client, cast, "keys", partner_id=str(cast.partners[0].id))
    assert [key["id"] for key in of_partner] == [str(cast.partners[0].credential.id)]


async def test_the_audit_never_holds_a_key(client: httpx.AsyncClient, cast: Cast) -> None:
    answer = await client.get(
        "/api/admin/audit", params={"limit": "200"}, headers=cast.admin.headers
    )
    for secret in (cast.site.key, cast.admin.credential.key, cast.partners[0].credential.key):
        assert secret not in answer.text
