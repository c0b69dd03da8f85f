"""A rejection can be reopened, a rule be called otherwise, and lists find what they show.

Broken on purpose: with the old index over decisions, a candidate is never rejected twice; with the
name on appliances changed, a renamed rule is delivered again.
"""

import re

import httpx
import pytest

from flywheel_server.core import clock, db, errors
from flywheel_server.learning.actions import promote
from tests import candidates, telemetry
from tests.cast import Cast

PARTNER = "/api/partners/me/learning"


async def test_f70_a_rejection_is_reopened_and_decided_again(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (id,) = await candidates.make(client, cast, cast.site, "WS-1")
    key = cast.partners[0].credential.headers
    path = f"{PARTNER}/candidates/{id}"
    early = await client.post(f"{path}/reopen", json={"reason": "No."}, headers=key)
    assert early.status_code == 409
    for reason in ("Not now.", "Not now, either."):
        rejected = await client.post(f"{path}/reject", json={"reason": reason}, headers=key)
        assert rejected.status_code == 200, rejected.text
        reopened = await client.post(f"{path}/reopen", json={"reason": "It is."}, headers=key)
        assert reopened.json() == {"candidate_id": id, "status": "eligible"}
    approved = await client.post(f"{path}/approve", json={}, headers=key)
    assert approved.status_code == 200, approved.text
    final = await client.post(f"{path}/reopen", json={"reason": "No."}, headers=key)
    assert final.status_code == 409
    entries = await candidates.rows(
        database, "SELECT actor_kind FROM audit_entries WHERE action = 'candidate.reopen'"
    )
    assert [each["actor_kind"] for each in entries] == ["partner", "partner"]


@pytest.mark.parametrize("role", ["partner viewer", "client viewer", "operator viewer"])
async def test_f70_each_decision_and_reopening_is_told_in_order(
    client: httpx.AsyncClient, cast: Cast, role: str
) -> None:
    (id,) = await candidates.make(client, cast, cast.site, "WS-1")
    key = cast.partners[0].credential.headers
    for verb, reason in (("reject", "Not <now>."), ("reopen", "Mended."), ("reject", "Broken.")):
        answer = await client.post(
            f"{PARTNER}/candidates/{id}/{verb}", json={"reason": reason}, headers=key
        )
        assert answer.status_code == 200, answer.text
    page = {
        "partner viewer": "/partner/learning/candidates",
        "client viewer": "/client/candidates",
        "operator viewer": "/operator/candidates",
    }[role]
    text = (await client.get(f"{page}/{id}", headers=cast.session(role))).text
    told = re.findall(r"<li><strong>(\w+)</strong>.*?<blockquote><bdi>(.*?)</bdi>", text)
    assert told == [
        ("Rejected", "Not &lt;now&gt;."),
        ("Reopened", "Mended."),
        ("Rejected", "Broken."),
    ]
    shown = (await client.get(f"{PARTNER}/candidates/{id}", headers=key)).json()["history"]
    assert [each["what"] for each in shown] == ["rejected", "reopened", "rejected"]
    assert shown[0]["evidence"]["successes"] == 6
    assert shown[1]["tier"] == "partner"


async def test_f70_what_is_reopened_follows_its_facts(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (id,) = await candidates.make(client, cast, cast.site, "WS-1")
    key = cast.partners[0].credential.headers
    path = f"{PARTNER}/candidates/{id}"
    await client.post(f"{path}/reject", json={"reason": "Not now."}, headers=key)
    await candidates.rows(
        database, "UPDATE patterns SET failures = 40 WHERE id = $1 RETURNING id", id
    )
    reopened = await client.post(f"{path}/reopen", json={"reason": "Look again."}, headers=key)
    assert reopened.json()["status"] == "observed"
    await candidates.rows(
        database, "UPDATE patterns SET failures = 0 WHERE id = $1 RETURNING id", id
    )
    await telemetry.turn(client, cast.admin)
    assert (await client.get(path, headers=key)).json()["status"] == "eligible"


@pytest.mark.parametrize("tier", ["standard", "full_coverage"])
async def test_f70_clients_reopen_only_where_they_decide(
    database: db.Database, cast: Cast, tier: str
) -> None:
    site = next(each for each in cast.sites if each.healing_tier == tier)
    id = await candidates.make_candidate(database, site)
    await candidates.be_rejected(database, [id])
    actor = candidates.client_admin(site)
    async with db.transaction(database, actor) as connection:
        if tier == "standard":
            with pytest.raises(errors.Forbidden):
                await promote.reopen(connection, actor, id, reason="x", now=clock.now())
        else:
            found = await promote.reopen(connection, actor, id, reason="x", now=clock.now())
            assert found.state == "eligible"


async def test_f70_a_rule_is_renamed_for_people_and_nothing_is_delivered_again(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    (id,) = await candidates.make(client, cast, cast.site, "WS-1")
    key = cast.partners[0].credential.headers
    approved = await client.post(f"{PARTNER}/candidates/{id}/approve", json={}, headers=key)
    rule_id = approved.json()["rule_id"]
    synced = await client.get("/agent/sync", headers=cast.site.headers)
    for name in ("Spooler back on", "The print <service>"):
        renamed = await client.patch(
            f"{PARTNER}/promoted-rules/{rule_id}", json={"name": name}, headers=key
        )
        assert renamed.status_code == 200, renamed.text
        assert renamed.json()["custom_name"] == name
        assert renamed.json()["rule_id"] == rule_id
    found = await client.get(f"{PARTNER}/promoted-rules?text=print+%3C", headers=key)
    assert [each["rule_id"] for each in found.json()["items"]] == [rule_id]
    again = await client.get("/agent/sync", headers=cast.site.headers)
    assert again.headers["etag"] == synced.headers["etag"]
    shown = await client.get(f"/api/admin/rules/{rule_id}", headers=cast.admin.headers)
    assert shown.json()["name"] == "The print <service>"
    named = await client.patch(
        f"/api/admin/rules/{rule_id}", json={"name": " "}, headers=cast.admin.headers
    )
    assert named.status_code == 422


async def test_f70_lists_find_the_words_that_they_show(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    (id,) = await candidates.make(client, cast, cast.site, "WS-1")
    key = cast.partners[0].credential.headers
    for words in ("Waiting for a", "print spooler", "service stopped", cast.site.slug, "WS-1"):
        found = await client.get(f"{PARTNER}/candidates", params={"text": words}, headers=key)
        assert [each["id"] for each in found.json()["items"]] == [id], words
    nothing = await client.get(f"{PARTNER}/candidates?text=no+candidate+any+more", headers=key)
    assert nothing.json()["items"] == []
