"""F26: acknowledge and complete knew one of two tables, and the orders of the other never ended.

Broken on purpose by taking ``expire_due`` out of ``loop/housekeeping.py``: the second test fails;
and by letting ``orders/orders.sql`` complete acknowledged orders alone: the first one does.
"""

import datetime as dt
from typing import Any, get_args

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.orders.model import orders
from tests import deliveries as walk, ordering, planning
from tests.cast import STAGE, Cast
from tests.rules.test_agent_sync import add, learnt

KINDS: tuple[orders.Kind, ...] = get_args(orders.Kind)


@pytest.mark.parametrize("acknowledges", [True, False], ids=["acknowledges", "never does"])
async def test_f26_every_kind_of_order_ends_by_the_same_two_calls(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, acknowledges: bool
) -> None:
    rule = await add(database, learnt(scope="site", scope_id=cast.site.id))
    extra: dict[str, dict[str, Any]] = {
        "healing": {"runbook_id": "RB-WIN-SEC-001"},
        "sync_promoted_rule": {"parameters": {"rule_id": rule.rule_id}},
        "custom": {"order_type": "collect_dump"},
    }
    url = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/orders"
    await ordering.let_custom(client, cast)
    for kind in KINDS:
        body: dict[str, Any] = {"kind": kind, **extra.get(kind, {})}
        issued = await client.post(url, json=body, headers=cast.admin.headers)
        assert issued.status_code == 201, issued.text
    told = (await walk.check_in(client, cast.appliance, walk.PYTHON))["pending_orders"]
    assert len(told) == len(KINDS)
    for order in told:
        if acknowledges:
            answer = await client.post(
                f"/api/orders/{order['order_id']}/acknowledge",
                headers=cast.appliance.credential.headers,
            )
            assert answer.status_code == 200, answer.text
        await walk.answer_order(client, cast.appliance, order)
    async with db.transaction(database, STAGE) as connection:
        states = await connection.fetch("SELECT DISTINCT state FROM orders")
    assert [row["state"] for row in states] == ["completed"]


async def test_f26_what_nobody_answers_ends_at_its_deadline_by_the_loop(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    past = clock.now() - orders.LIFETIME - dt.timedelta(hours=1)
    made = [
        await ordering.issue(database, cast.appliance, orders.draft(kind, {}), now=past)
        for kind in ("run_drift", "view_logs", "diagnostic")
    ]
    answer = await client.post("/api/admin/flywheel/run", headers=cast.admin.headers)
    assert answer.status_code == 200
    for order in made:
        assert (await ordering.stored(database, order.id)).state == "expired"


async def test_f26_an_order_that_was_told_and_never_answered_is_not_said_to_be_unfetched(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    """Broken on purpose by taking ``handed_out_at`` out of ``plans/pages/plans.py``."""
    await planning.agent(database, cast.appliance, mode="manual", version="0.4.13")
    plan_id = await planning.make_waiting(database, cast.appliance)
    partner = cast.session("partner owner")
    await client.post(f"/api/partners/me/plans/{plan_id}/approve", json={}, headers=partner)
    await walk.check_in(client, cast.appliance, "0.4.13")

    page = await client.get(f"/partner/plans/{plan_id}", headers=partner)

    assert "was told of the order and has not reported yet" in page.text
