"""Orders in tests: issued as the server issues them, read as an appliance reads them."""

import datetime as dt
import json
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from flywheel_server.core import clock, db, signing
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import AuthScope
from flywheel_server.core.signing import Signer
from flywheel_server.fleet.model.appliances import Appliance
from flywheel_server.fleet.store import appliances
from flywheel_server.orders import actions
from flywheel_server.orders.model import orders
from flywheel_server.orders.model.orders import Draft, Order
from tests.cast import STAGE, Cast, CastAppliance


async def signer(database: db.Database) -> Signer:
    async with db.transaction(database, AuthScope()) as connection:
        return await signing.load(connection)


async def registered(connection: Connection, appliance: CastAppliance) -> Appliance:
    found = await appliances.get(connection, appliance.site.id, appliance.id)
    assert found is not None
    return found


async def issue(
    database: db.Database,
    appliance: CastAppliance,
    draft: Draft | None = None,
    *,
    now: dt.datetime | None = None,
    order_id: str | None = None,
) -> Order:
    """Issue an order as the stage does, ``run_drift`` unless another is given."""
    signs = await signer(database)
    async with db.transaction(database, STAGE) as connection:
        return await actions.issue(
            connection,
            STAGE,
            signs,
            await registered(connection, appliance),
            draft or orders.draft("run_drift", {}),
            now=now or clock.now(),
            order_id=order_id,
        )


async def stored(database: db.Database, id: str) -> Order:
    async with db.transaction(database, STAGE) as connection:
        row = await connection.fetchrow(
            "SELECT id, site_id, appliance_id, kind, order_type, object_key, rule, priority,"
            " created_at, expires_at, nonce, signed_payload, signature, issued_by, state,"
            " changed_at, handed_out_at, acknowledged_at, finished_at, reported_at, success,"
            " result, error_message, outcome, standing, proof_source,"
            " proof_reference, proof_seen_at FROM orders WHERE id = $1",
            id,
        )
    assert row is not None
    return Order(**dict(row))


def accepted(order: dict[str, Any], server_key: str, appliance_id: str) -> bool:
    """Say whether a conforming agent carries this order out, by its own checks alone."""
    text = order["signed_payload"]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(server_key))
    try:
        key.verify(bytes.fromhex(order["signature"]), text.encode("utf-8"))
    except InvalidSignature:
        return False
    signed = json.loads(text)
    return bool(
        signed["target_appliance_id"] == appliance_id
        and signed["parameters"] == order["parameters"]
        and signed["order_id"] == order["order_id"]
        and signed["order_type"] == order["order_type"]
        and text == json.dumps(signed, sort_keys=True)
    )


async def let_custom(client: httpx.AsyncClient, cast: Cast) -> None:
    """Switch on the policy without which nobody orders what is none of our kinds."""
    answer = await client.put(
        "/api/admin/flywheel/policy",
        json={"custom_orders": True, "reason": "A new agent is tried."},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text
