"""A rename changes no id and loses no child.

Broken on purpose: with a rename that adds the organization anew under its new name, the id differs
and the sites are the old one's.
"""

import httpx

from tests.accounts.test_operator_accounts import everything
from tests.cast import Cast


async def test_f22_a_renamed_organization_keeps_its_id_its_sites_and_their_keys(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    organization = str(cast.site.organization_id)
    before = await everything(client, cast, "sites", organization_id=organization)
    answer = await client.patch(
        f"/api/admin/organizations/{organization}",
        json={"name": "Another name: with / and ü"},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200
    assert answer.json()["id"] == organization
    assert await everything(client, cast, "sites", organization_id=organization) == before
    reported = await client.post(
        "/incidents",
        json={"site_id": cast.site.slug, "check_type": "disk_space"},
        headers=cast.site.headers,
    )
    assert reported.status_code == 200
