"""F44: an old signed payload authorised another order. The payload is the order, all of it.

Broken on purpose: with an agent's check, or a server's text, that leaves the order's id out, the
old one is taken.
"""

import httpx

from flywheel_server.core import db
from flywheel_server.orders.model import orders
from tests import cast as people, deliveries, ordering
from tests.cast import Cast


async def test_f44_a_signed_text_authorizes_its_own_order_and_no_other(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    for runbook_id in ("RB-WIN-SVC-001", "RB-WIN-SVC-003"):
        draft = orders.draft("healing", {"target_host": "WS-1"}, runbook_id=runbook_id)
        await ordering.issue(database, cast.appliance, draft)
    told = await deliveries.check_in(client, cast.appliance, deliveries.NEWER)
    key, target = told["server_public_key"], cast.appliance.wire_id
    old, new = told["pending_orders"]
    other = await people.make_appliance(database, cast.site)

    for order in (old, new):
        assert ordering.accepted(order, key, target)
        # Nobody else's, unsigned, or signed by nobody we know.
        assert not ordering.accepted(order, key, other.wire_id)
        assert not ordering.accepted(order | {"signature": "0" * 128}, key, target)
        assert not ordering.accepted(order, "0" * 64, target)
    for name in ("order_id", "order_type", "parameters"):
        forged = new | {
            "signed_payload": old["signed_payload"],
            "signature": old["signature"],
            name: new[name],
        }
        assert not ordering.accepted(forged, key, target), name
    changed = new | {"parameters": new["parameters"] | {"target_host": "WS-2"}}
    assert not ordering.accepted(changed, key, target)
    assert old["nonce"] != new["nonce"]
