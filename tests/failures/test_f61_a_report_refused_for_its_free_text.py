"""F61: a completion was refused for a NUL in its text, and the order ran again and again.

Broken on purpose by giving ``CompleteBody`` strict texts in ``orders/routes/agent_orders.py``.
"""

import httpx

from tests import deliveries as walk
from tests.cast import Cast


async def test_f61_an_order_whose_output_no_column_can_hold_is_carried_out_once(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    url = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/orders"
    await client.post(url, json={"kind": "diagnostic"}, headers=cast.admin.headers)
    carried_out = 0
    for _ in range(4):
        told = await walk.check_in(client, cast.appliance, walk.NEWER)
        for order in told["pending_orders"]:
            carried_out += 1
            answer = await client.post(
                f"/api/orders/{order['order_id']}/complete",
                content=b'{"success": true, "result": {"stdout": "a\\u0000\\ud800", "load": NaN}}',
                headers=cast.appliance.credential.headers,
            )
            assert answer.status_code == 200, answer.text
    assert carried_out == 1
