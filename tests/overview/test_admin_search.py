"""Operators' lists are searched by parts of words; pages go on under the same search."""

from typing import Any

import httpx

from flywheel_server.core import db
from tests import planning, telemetry
from tests.cast import STAGE, Cast


async def _items(client: httpx.AsyncClient, cast: Cast, path: str, **query: Any) -> list[Any]:
    answer = await client.get(f"/api/admin/{path}", params=query, headers=cast.viewer.headers)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found


async def test_unresolved_ids_come_by_how_much_teaches_nothing_and_an_alias_says_how_much_counts(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for id, count in (("aaa-once", 1), ("Spooler-Fix", 5), ("zzz-twice", 2)):
        reports = telemetry.executions(count, runbook_id=id)
        await telemetry.send(client, cast.site, reports)
    await telemetry.turn(client, cast.admin)
    listed, cursor = [], None
    for _ in range(3):
        query = {"limit": "1"} | ({"next": cursor} if cursor else {})
        answer = await client.get(
            "/api/admin/unresolved-ids", params=query, headers=cast.viewer.headers
        )
        listed += [each["reported_id"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
    assert (listed, cursor) == (["Spooler-Fix", "zzz-twice", "aaa-once"], None)
    found = await _items(client, cast, "unresolved-ids", text="SPOOL")
    assert [each["reported_id"] for each in found] == ["Spooler-Fix"]
    body = {"alias": "Spooler-Fix", "runbook_id": "RB-WIN-SVC-003"}
    added = await client.post("/api/admin/aliases", json=body, headers=cast.admin.headers)
    assert added.json()["executions"] == 5
    none = await client.post(
        "/api/admin/aliases", json=body | {"alias": "never-seen"}, headers=cast.admin.headers
    )
    assert none.json()["executions"] == 0
    own = await _items(client, cast, "aliases", source="operator", text="svc-003")
    assert {each["alias"] for each in own} == {"Spooler-Fix", "never-seen"}


async def test_runbooks_are_found_by_id_name_form_and_what_they_are(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    everything = await _items(client, cast, "runbooks", limit="200")
    for text in ("rb-win-svc-003", "windows_runbook:RB-WIN-SVC-003"):
        found = await _items(client, cast, "runbooks", text=text)
        assert [each["runbook_id"] for each in found] == ["RB-WIN-SVC-003"]
    for query, fits in (
        ({"platform": "linux"}, lambda each: each["platform"] == "linux"),
        ({"executable": "false"}, lambda each: not each["executable"]),
    ):
        found = await _items(client, cast, "runbooks", limit="200", **query)
        assert found == [each for each in everything if fits(each)]


async def test_the_audit_is_found_by_words_tenant_actor_and_time(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    path = f"/api/admin/sites/{cast.site.slug}"
    await client.patch(path, json={"name": "Harbour"}, headers=cast.admin.headers)
    for query in (
        {"text": "SITE.CHANGE"},
        {"text": "site.change", "tenant": "harb"},
        {"text": "site.change", "tenant": cast.site.slug, "days": "1"},
        {"object_kind": "site", "text": "change", "actor_kind": "operator"},
    ):
        (entry,) = await _items(client, cast, "audit", **query)
        assert entry["action"] == "site.change", query
    for query in ({"tenant": "nobody"}, {"text": "site.change", "actor_kind": "loop"}):
        assert await _items(client, cast, "audit", **query) == []
    async with db.transaction(database, STAGE) as connection:
        count = await connection.fetchval("SELECT count(*) FROM audit_entries")
    chain = await client.get("/api/admin/audit/chain", headers=cast.viewer.headers)
    assert (chain.json()["entries"], chain.json()["broken_at"]) == (count, None)


async def test_plans_are_found_by_words_and_one_by_its_id(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await planning.ask(client, cast.site, incident_type="Unheard_Of", host_id="WS-9")
    plan = await planning.make_waiting(database, cast.appliance)
    for text in ("unheard", "ws-9"):
        (found,) = await _items(client, cast, "plans", text=text)
        assert found["incident_type"] == "Unheard_Of"
    assert len(await _items(client, cast, "plans", text=cast.site.slug, days="1")) == 2
    one = await client.get(f"/api/admin/plans/{plan}", headers=cast.viewer.headers)
    assert one.json()["id"] == str(plan)
    for id in (cast.site.id, "no-id"):
        unknown = await client.get(f"/api/admin/plans/{id}", headers=cast.viewer.headers)
        assert unknown.status_code == 404
