"""F27: orders without a target went to every tenant's appliances.

Broken on purpose by dropping ``appliance_id = $2`` from ``pending`` in ``orders/orders.sql``: the
first test fails; and by leaving ``target_appliance_id`` out of the payload: both do.
"""

import json

import asyncpg
import httpx
import pytest

from flywheel_server.core import db, embedded
from tests import cast as people, deliveries as walk, ordering
from tests.cast import Cast


async def test_f27_an_order_reaches_its_one_appliance_and_names_it_in_the_signed_text(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    others = [
        await people.make_appliance(database, site)
        for site in (cast.site, cast.neighbour, cast.foreign_site, cast.stranger)
    ]
    for appliance in (cast.appliance, *others):
        await walk.check_in(client, appliance, walk.OLDER, hostname=appliance.wire_id[-8:])
    order = await ordering.issue(database, cast.appliance)
    for appliance in others:
        told = await walk.check_in(client, appliance, walk.OLDER, hostname=appliance.wire_id[-8:])
        assert told["pending_orders"] == []
    told = await walk.check_in(
        client, cast.appliance, walk.OLDER, hostname=cast.appliance.wire_id[-8:]
    )
    (mine,) = told["pending_orders"]
    assert mine["order_id"] == order.id
    assert json.loads(mine["signed_payload"])["target_appliance_id"] == told["appliance_id"]


async def test_f27_an_order_for_nobody_cannot_be_stored_and_one_for_me_convinces_nobody_else(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, address: embedded.Address
) -> None:
    order = await ordering.issue(database, cast.appliance)
    owner = await asyncpg.connect(address.owner_url)
    try:
        for column in ("appliance_id", "site_id"):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await owner.execute(
                    f"INSERT INTO orders (id, site_id, appliance_id, kind, order_type, priority,"
                    f" created_at, expires_at, nonce, signed_payload, signature, issued_by,"
                    f" changed_at) SELECT 'x', NULLIF(site_id, CASE WHEN '{column}' = 'site_id'"
                    f" THEN site_id END), NULLIF(appliance_id, CASE WHEN '{column}' ="
                    f" 'appliance_id' THEN appliance_id END), kind, 'view_logs', 5, created_at,"
                    f" expires_at, repeat('a', 32), replace(replace(replace(signed_payload, id,"
                    f" 'x'), nonce, repeat('a', 32)), 'run_drift', 'view_logs'), signature, 'x',"
                    f" now() FROM orders"
                )
    finally:
        await owner.close()
    told = await walk.check_in(client, cast.appliance, walk.OLDER)
    (mine,) = told["pending_orders"]
    assert mine["order_id"] == order.id
    assert ordering.accepted(mine, told["server_public_key"], cast.appliance.wire_id)
    assert not ordering.accepted(mine, told["server_public_key"], f"{cast.neighbour.slug}-x")
