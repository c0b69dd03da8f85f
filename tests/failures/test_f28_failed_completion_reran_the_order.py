"""F28: a completion that failed made the order run again.

Broken on purpose by dropping ``reported_at IS NULL`` from ``complete`` in ``orders/orders.sql`` and
its check in the action: the first test fails; by a new nonce at each hand-out: the second; and by
handing acknowledged orders out: the third.
"""

import httpx

from flywheel_server.core import db
from tests import deliveries as walk, ordering
from tests.cast import Cast


async def test_f28_the_first_word_counts_and_a_repeat_is_answered_200(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    order = await ordering.issue(database, cast.appliance)
    said = []
    for success in (True, False, True):
        answer = await client.post(
            f"/api/orders/{order.id}/complete",
            json={"success": success, "result": {"kept": success}},
            headers=cast.appliance.credential.headers,
        )
        said.append((answer.status_code, answer.json()["status"]))
    assert said == [(200, "completed"), (200, "already_completed"), (200, "already_completed")]
    kept = await ordering.stored(database, order.id)
    assert (kept.state, kept.result) == ("completed", {"kept": True})
    assert (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"] == []


async def test_f28_an_order_told_again_is_the_same_one_to_the_last_byte(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await ordering.issue(database, cast.appliance)
    told = [
        (await walk.check_in(client, cast.appliance, walk.OLDER))["pending_orders"]
        for _ in range(3)
    ]
    polled = await client.get(
        "/api/fleet/orders/pending",
        params={"appliance_id": cast.appliance.wire_id},
        headers=cast.appliance.credential.headers,
    )
    assert len(told[0]) == 1
    assert told[0] == told[1] == told[2] == polled.json()["orders"]


async def test_f28_what_was_acknowledged_is_never_told_again(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    order = await ordering.issue(database, cast.appliance)
    headers = cast.appliance.credential.headers
    await client.post(f"/api/orders/{order.id}/acknowledge", headers=headers)
    assert (await walk.check_in(client, cast.appliance, walk.PYTHON))["pending_orders"] == []


async def test_f28_an_order_whose_report_was_lost_ends_without_running_again(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    """Broken on purpose by emptying ``REPLAYS`` in ``orders/model/completions.py``."""
    order = await ordering.issue(database, cast.appliance)
    # For an hour the newer daemon answers an order that it has carried out with nothing at all.
    for _ in range(3):
        (told,) = (await walk.check_in(client, cast.appliance, "0.4.13"))["pending_orders"]
        assert told["order_id"] == order.id
    await walk.answer_order(
        client,
        cast.appliance,
        told,
        success=False,
        result=None,
        error_message="nonce replay detected",
    )
    kept = await ordering.stored(database, order.id)
    assert (kept.state, kept.outcome, kept.standing) == ("completed", "unknown", "claimed")
    assert (await walk.check_in(client, cast.appliance, "0.4.13"))["pending_orders"] == []
