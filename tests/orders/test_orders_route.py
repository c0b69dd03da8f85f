"""Orders over HTTP: issued by people, fetched and answered by appliances, exact on the wire."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.orders import actions
from flywheel_server.orders.model import orders
from tests import cast as people, deliveries as walk, ordering, parts
from tests.cast import STAGE, Cast, CastAppliance
from tests.rules.test_agent_sync import add, learnt

WIRE = {
    "order_id", "order_type", "parameters", "priority", "created_at", "expires_at", "nonce",
    "signature", "signed_payload",
}  # fmt: skip


def path(appliance: CastAppliance) -> str:
    return f"/api/sites/{appliance.site.slug}/appliances/{appliance.wire_id}/orders"


async def issue(
    client: httpx.AsyncClient, cast: Cast, status: int = 201, **body: Any
) -> dict[str, Any]:
    answer = await client.post(
        path(cast.appliance), json={"kind": "run_drift"} | body, headers=cast.admin.headers
    )
    assert answer.status_code == status, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


async def test_custom_orders_need_the_policy_and_an_operator_or_an_owner(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    """Broken by leaving the role out of `_may_order_anything`."""
    body = {"kind": "custom", "order_type": "run_anything"}
    asked = {
        "operator admin": (cast.people["operator admin"].headers, 201),
        "partner owner": (cast.people["partner owner"].headers, 201),
        "partner technician": (cast.people["partner technician"].headers, 403),
        "partner key": (cast.partners[0].credential.headers, 403),
    }
    for headers, _ in asked.values():
        off = await client.post(path(cast.appliance), json=body, headers=headers)
        assert off.status_code == 403
        assert "`custom_orders`" in off.json()["detail"]
    await ordering.let_custom(client, cast)
    for number, (role, (headers, status)) in enumerate(asked.items()):
        sent = body | {"order_type": f"run_{number}"}
        answer = await client.post(path(cast.appliance), json=sent, headers=headers)
        assert answer.status_code == status, (role, answer.text)


async def pending(client: httpx.AsyncClient, appliance: CastAppliance) -> list[dict[str, Any]]:
    answer = await client.get(f"{path(appliance)}/pending", headers=appliance.credential.headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["site_id"], body["appliance_id"]) == (appliance.site.slug, appliance.wire_id)
    assert body["count"] == len(body["orders"])
    found: list[dict[str, Any]] = body["orders"]
    return found


async def test_an_order_is_the_same_by_every_way_to_it(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    issued = await issue(client, cast, parameters={"depth": [1, 2.5, "ä"]})
    headers = cast.appliance.credential.headers
    told = await walk.check_in(client, cast.appliance, walk.OLDER)
    (order,) = told["pending_orders"]
    assert set(order) == WIRE
    assert await pending(client, cast.appliance) == [order]
    for name in (cast.appliance.wire_id, cast.appliance.wire_id.lower(), str(cast.appliance.id)):
        answer = await client.get(
            "/api/fleet/orders/pending", params={"appliance_id": name}, headers=headers
        )
        assert answer.json() == {"orders": [order]}
    assert ordering.accepted(order, told["server_public_key"], told["appliance_id"])
    assert json.loads(issued["signed_payload"])["target_appliance_id"] == told["appliance_id"]
    assert order["order_id"] == issued["order_id"]
    assert order["expires_at"].endswith("Z")
    assert len(order["expires_at"]) == 20


async def test_a_healing_order_names_its_runbook_at_both_places(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await issue(
        client, cast, kind="healing", runbook_id="RB-WIN-SEC-001", parameters={"target_host": "W"}
    )
    (order,) = await pending(client, cast.appliance)
    assert order["runbook_id"] == order["parameters"]["runbook_id"] == "RB-WIN-SEC-001"
    assert json.loads(order["signed_payload"])["runbook_id"] == "RB-WIN-SEC-001"


async def test_an_unchanged_appliance_hears_of_an_order_and_of_its_end_at_once(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    """Broken by not announcing APPLIANCES in ``orders.actions.issue``: memory answers `[]`."""
    parts.of(client).listener._heard_at = float("inf")
    for _ in range(3):
        assert (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"] == []
    issued = await issue(client, cast)
    for _ in range(2):
        told = await walk.check_in(client, cast.appliance, walk.OLDER)
        assert [order["order_id"] for order in told["pending_orders"]] == [issued["order_id"]]
    await walk.answer_order(client, cast.appliance, told["pending_orders"][0])
    for _ in range(3):
        assert (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"] == []


@pytest.mark.parametrize(
    "id",
    ["a:b", "heal::site::1", "::", "complete", "x/complete", "a b", "50%", "é", "a//b", "?#"],
)
async def test_ids_with_any_characters_work_in_paths_raw_and_encoded(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, id: str
) -> None:
    headers = cast.appliance.credential.headers
    for safe in (":/", ""):
        order = await ordering.issue(database, cast.appliance, order_id=f"{id}{len(safe)}")
        name = quote(order.id, safe=safe)
        first = await client.post(f"/api/orders/{name}/acknowledge", headers=headers)
        assert first.json() == {"status": "acknowledged", "order_id": order.id}, first.text
        again = await client.post(f"/api/orders/{name}/acknowledge", headers=headers)
        assert again.json()["status"] == "already_acknowledged"
        for said in ("completed", "already_completed"):
            answer = await client.post(
                f"/api/orders/{name}/complete", json={"success": True}, headers=headers
            )
            assert answer.status_code == 200
            assert answer.json() == {"status": said, "order_id": order.id}


async def test_the_samples_of_the_contract_are_accepted(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    samples: list[dict[str, Any]] = [
        {"error_message": "unknown order type: zz_no_such_order", "success": False},
        {"result": {"rule_id": "L1-PROMOTED-TEST-001", "status": "deployed"}, "success": True},
        {"success": True, "result": None, "error_message": None, "unknown": 1},
    ]
    await ordering.let_custom(client, cast)
    for number, sample in enumerate(samples):
        issued = await issue(client, cast, kind="custom", order_type=f"word_{number}")
        answer = await client.post(
            f"/api/orders/{issued['order_id']}/complete",
            json=sample,
            headers=cast.appliance.credential.headers,
        )
        assert answer.status_code == 200, answer.text
    listed = await client.get(path(cast.appliance), headers=cast.admin.headers)
    assert [each["status"] for each in listed.json()["items"]] == [
        "failed",
        "completed",
        "completed",
    ]


async def test_a_key_acts_on_its_own_appliances_orders_alone(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    other = await people.make_appliance(database, cast.site)
    order = await ordering.issue(database, other)
    bound, foreign = cast.appliance.credential.headers, cast.foreign_site.headers
    for headers in (bound, foreign):
        for verb in ("acknowledge", "complete"):
            answer = await client.post(
                f"/api/orders/{order.id}/{verb}", json={"success": True}, headers=headers
            )
            assert answer.status_code == 404
    assert (await client.get(f"{path(other)}/pending", headers=bound)).status_code == 404
    assert (await client.get(f"{path(other)}/pending", headers=foreign)).status_code == 403
    shared = await client.get(f"{path(other)}/pending", headers=cast.site.headers)
    assert shared.json()["count"] == 1
    assert (await ordering.stored(database, order.id)).state == "pending"


async def test_operators_and_technicians_issue_and_cancel_and_others_do_not(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    url = path(cast.appliance)
    body = {"kind": "view_logs"}
    for headers, status in (
        (cast.viewer.headers, 403),
        (cast.site.headers, 403),
        (cast.partners[1].credential.headers, 404),
        (cast.partners[0].credential.headers, 201),
    ):
        answer = await client.post(url, json=body, headers=headers)
        assert answer.status_code == status, answer.text
    id = answer.json()["order_id"]
    twice = await client.post(url, json=body, headers=cast.admin.headers)
    assert (twice.status_code, twice.json()["order_id"]) == (409, id)
    cancel = f"/api/orders/{id}/cancel"
    assert (await client.post(cancel, headers=cast.viewer.headers)).status_code == 403
    foreign = await client.post(cancel, headers=cast.partners[1].credential.headers)
    assert foreign.status_code == 404
    done = await client.post(cancel, json={"reason": "enough"}, headers=cast.admin.headers)
    assert done.json()["status"] == "cancelled"
    assert await pending(client, cast.appliance) == []


async def test_secrets_are_sent_to_the_appliance_and_shown_to_no_person(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    secret = {"username": "svc", "password": "hunter2-do-not-tell"}
    issued = await issue(client, cast, kind="update_credentials", parameters=secret)
    assert "hunter2" not in json.dumps(issued)
    (order,) = await pending(client, cast.appliance)
    assert order["parameters"] == secret
    for url in (path(cast.appliance), "/api/admin/audit"):
        shown = await client.get(url, headers=cast.admin.headers)
        assert shown.status_code == 200
        assert "hunter2" not in shown.text


async def test_a_rule_is_ordered_by_its_id_and_its_text_is_the_servers(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    rule = await add(database, learnt(scope="site", scope_id=cast.site.id))
    foreign = await add(database, learnt(scope="site", scope_id=cast.foreign_site.id))
    kind = "sync_promoted_rule"
    for parameters in (
        {},
        {"rule_id": foreign.rule_id},
        {"rule_id": rule.rule_id, "rule_yaml": "id: x"},
    ):
        await issue(client, cast, 422, kind=kind, parameters=parameters)
    await issue(client, cast, kind=kind, parameters={"rule_id": rule.rule_id})
    (order,) = await pending(client, cast.appliance)
    assert rule.rule_id in order["parameters"]["rule_yaml"]
    assert len(order["parameters"]["rule_yaml"]) <= 8_192


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "explode"},
        {"kind": "healing"},
        {"kind": "healing", "runbook_id": "LIN-FW-001"},
        {"kind": "healing", "runbook_id": "RB-NO-SUCH-001"},
        {"kind": "custom"},
        {"kind": "custom", "order_type": "healing"},
        {"kind": "run_drift", "parameters": {"x": "y" * 70_000}},
        {"kind": "run_drift", "parameters": []},
        {"kind": "run_drift", "parameters": {"x": "\x00"}},
        {"kind": "run_drift", "expires_in_seconds": 1},
        {"kind": "run_drift", "priority": 10**30},
        {"kind": "run_drift", "unknown": True},
    ],
)
async def test_what_no_agent_could_follow_is_refused(
    client: httpx.AsyncClient, cast: Cast, body: dict[str, Any]
) -> None:
    await issue(client, cast, 422, **body)
    assert await pending(client, cast.appliance) == []


async def test_hostile_ids_and_bodies_are_never_a_fault_of_ours(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    headers = cast.appliance.credential.headers
    for name in ("%00", "%FF", "x" * 900, "x" * 5_000, "%F0%9F%92%A9", "..%2F..", "'; --"):
        for verb in ("acknowledge", "complete"):
            answer = await client.post(
                f"/api/orders/{name}/{verb}", json={"success": True}, headers=headers
            )
            assert 400 <= answer.status_code < 500, answer.text
    issued = await issue(client, cast)
    # What its text holds is no reason: see tests/field/test_orders_completions.py.
    for body in ({}, {"success": "yes"}, {"success": None}):
        answer = await client.post(
            f"/api/orders/{issued['order_id']}/complete", json=body, headers=headers
        )
        assert answer.status_code in {400, 422}, answer.text


async def test_a_list_pages_by_keyset_and_filters_by_state(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    for number in range(5):
        order = await ordering.issue(
            database, cast.appliance, orders.draft("custom", {}, order_type=f"word_{number}")
        )
        if number % 2:
            async with db.transaction(database, STAGE) as connection:
                await actions.cancel(connection, STAGE, order.id, reason="x", now=clock.now())
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = await client.get(path(cast.appliance), params=query, headers=cast.viewer.headers)
        assert answer.status_code == 200, answer.text
        found += [each["order_type"] for each in answer.json()["items"]]
        if answer.json()["next"] is None:
            break
        query["next"] = answer.json()["next"]
    assert sorted(found) == [f"word_{number}" for number in range(5)]
    only = await client.get(
        path(cast.appliance), params={"status": "cancelled"}, headers=cast.viewer.headers
    )
    assert len(only.json()["items"]) == 2


async def test_an_appliance_that_is_away_gets_its_orders_until_their_deadline(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    past = clock.now() - orders.LIFETIME
    overdue = await ordering.issue(database, cast.appliance, now=past)
    waiting = await issue(client, cast, kind="view_logs")
    told = await walk.check_in(client, cast.appliance, walk.PYTHON)
    assert [each["order_id"] for each in told["pending_orders"]] == [waiting["order_id"]]
    assert (await ordering.stored(database, overdue.id)).state == "expired"
