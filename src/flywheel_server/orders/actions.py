"""Orders to appliances: issued, handed out, acknowledged, completed, cancelled, expired.

What an appliance reports is never lost: a completion that comes after the deadline or after a
cancellation is kept as a fact, and the state stays what it was (docs/states.md).
"""

import datetime as dt
import secrets
import sys
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import audit, db, errors, listener
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import (
    ApplianceScope,
    ClientScope,
    LoopScope,
    OperatorScope,
    PartnerScope,
)
from flywheel_server.core.signing import Signer
from flywheel_server.fleet.model.appliances import Appliance
from flywheel_server.fleet.store import appliances
from flywheel_server.orders import store
from flywheel_server.orders.model import orders as domain
from flywheel_server.orders.model.orders import Draft, Order

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid6 import uuid7

Issuer = OperatorScope | PartnerScope | ClientScope | LoopScope
Canceller = OperatorScope | PartnerScope
Acknowledgement = Literal["acknowledged", "already_acknowledged"]

_NONCE_BYTES = 16
_UNKNOWN = "There is no such order: check the id, and that the key is the order's appliance's."


async def issue(
    connection: Connection,
    actor: Issuer,
    signer: Signer,
    appliance: Appliance,
    draft: Draft,
    *,
    now: dt.datetime,
    order_id: str | None = None,
) -> Order:
    """Sign an order, address it to exactly one appliance and keep it until it is asked for.

    Raises AlreadyExists with the living order's id while one for the same thing lives.
    """
    await expire(connection, appliance.site_id, appliance.id, now)
    # Seconds, as the signed text tells them.
    created_at = now.replace(microsecond=0)
    expires_at = created_at + draft.lifetime
    nonce = secrets.token_hex(_NONCE_BYTES)
    # Sorts by its time: orders of one second keep their order.
    id = order_id or str(uuid7())
    text = domain.payload(
        draft,
        order_id=id,
        target=appliance.wire_id,
        nonce=nonce,
        created_at=created_at,
        expires_at=expires_at,
    )
    order = await store.insert(
        connection,
        draft,
        order_id=id,
        site_id=appliance.site_id,
        appliance_id=appliance.id,
        created_at=created_at,
        expires_at=expires_at,
        nonce=nonce,
        signed_payload=text,
        signature=signer.sign(text.encode("ascii")),
        issued_by="the loop" if isinstance(actor, LoopScope) else actor.actor_name,
    )
    if order is None:
        living = await store.live(connection, appliance.site_id, appliance.id, draft)
        raise errors.AlreadyExists(
            "Such an order is open already: wait for it, or cancel it first.",
            order_id=None if living is None else living.id,
        )
    await db.announce(connection, listener.APPLIANCES, str(appliance.id))
    # What the loop orders is recorded by the order itself.
    if not isinstance(actor, LoopScope):
        await _record(connection, actor, "order.issue", order, now, after=_told(order))
    return order


async def hand_out(
    connection: Connection, site_id: UUID, appliance_id: UUID, now: dt.datetime
) -> list[Order]:
    """Return an appliance's pending orders, and end those that are past their deadline.

    An order keeps its id, its nonce and its text however often it is handed out.
    """
    found = await store.pending(connection, site_id, appliance_id, now)
    await expire(connection, site_id, appliance_id, now)
    fresh = [order.id for order in found if order.handed_out_at is None]
    if fresh:
        await store.hand_out(connection, site_id, fresh, now)
    return found


async def acknowledge(
    connection: Connection, scope: ApplianceScope, id: str, now: dt.datetime
) -> Acknowledgement:
    """Note that the appliance has an order and carries it out; again changes nothing.

    Raises NotFound for another appliance's order, Conflict for one that is over without having
    been acknowledged: it must not be carried out.
    """
    order = await own(connection, scope, id)
    if order.state == "pending" and order.expires_at > now:
        await store.acknowledge(connection, order.site_id, id, now)
        await db.announce(connection, listener.APPLIANCES, str(order.appliance_id))
        return "acknowledged"
    if order.acknowledged_at is not None or order.reported_at is not None:
        return "already_acknowledged"
    state = "expired" if order.state == "pending" else order.state
    raise errors.Conflict(f"The order is {state}: do not carry it out.", state=state)


async def cancel(
    connection: Connection, actor: Canceller, id: str, *, reason: str, now: dt.datetime
) -> Order:
    """Take back an order that still lives; a cancelled one stays cancelled.

    Raises NotFound for a foreign order, Conflict for one that is over.
    """
    order = await store.lock(connection, id)
    if order is None:
        raise errors.NotFound("There is no such order: take its id from an appliance's orders.")
    if order.state == "cancelled":
        return order
    cancelled = await store.cancel(connection, order.site_id, id, now)
    if cancelled is None:
        raise errors.Conflict(
            f"The order is {order.state} already: it cannot be taken back.", state=order.state
        )
    await db.announce(connection, listener.APPLIANCES, str(order.appliance_id))
    await _record(
        connection,
        actor,
        "order.cancel",
        cancelled,
        now,
        before={"state": order.state},
        after={"state": cancelled.state, "reason": reason},
    )
    return cancelled


async def take_back(connection: Connection, now: dt.datetime, rule: UUID | None = None) -> int:
    """Cancel what has not been acknowledged of a rule that is off, or of all; return how many.

    Delivered after its switch-off, a rule would stay where agents keep what they got.
    """
    return await _announce(connection, await store.cancel_of_rules(connection, now, rule))


async def take_back_excluded(connection: Connection, now: dt.datetime, rule: UUID) -> int:
    """Cancel such orders of a rule where a tenant does not get it any more; return how many."""
    return await _announce(connection, await store.cancel_of_excluded(connection, now, rule))


async def _announce(connection: Connection, cancelled: Sequence[UUID]) -> int:
    for appliance_id in sorted(set(cancelled)):
        await db.announce(connection, listener.APPLIANCES, str(appliance_id))
    return len(cancelled)


async def expire_due(connection: Connection, now: dt.datetime) -> int:
    """End every order past its deadline, whoever does not answer; return how many ended."""
    ended = await store.expire_due(connection, now)
    for appliance_id in sorted(set(ended)):
        await db.announce(connection, listener.APPLIANCES, str(appliance_id))
    return len(ended)


async def own(connection: Connection, scope: ApplianceScope, id: str) -> Order:
    """Return and lock an order of the key's appliance, or of its site where the key is shared."""
    order = await store.lock(connection, id) if len(id) <= domain.MOST_ID else None
    if order is None or not await _is_for(connection, order, scope.appliance_id):
        raise errors.NotFound(_UNKNOWN)
    return order


async def _is_for(connection: Connection, order: Order, appliance_id: UUID | None) -> bool:
    """Say whether an order is an appliance's, or one's that was merged into it since."""
    if appliance_id in {None, order.appliance_id}:
        return True
    target = await appliances.get(connection, order.site_id, order.appliance_id)
    return target is not None and target.merged_into == appliance_id


async def expire(
    connection: Connection, site_id: UUID, appliance_id: UUID, now: dt.datetime
) -> None:
    """End an appliance's orders that are past their deadline."""
    if await store.expire_of(connection, site_id, appliance_id, now):
        await db.announce(connection, listener.APPLIANCES, str(appliance_id))


async def _record(
    connection: Connection,
    actor: audit.Actor,
    action: str,
    order: Order,
    now: dt.datetime,
    *,
    after: dict[str, object],
    before: dict[str, object] | None = None,
) -> None:
    site = await accounts.find_site(connection, str(order.site_id))
    await audit.record(
        connection,
        actor,
        action,
        object_kind="order",
        object_id=order.id,
        now=now,
        before=before,
        after=after,
        partner_id=None if site is None else site.partner_id,
        organization_id=None if site is None else site.organization_id,
        site_id=order.site_id,
    )


def _told(order: Order) -> dict[str, object]:
    """Return what the audit may know of an order: which parameters, never their values."""
    signed = order.signed
    return {
        "order_type": order.order_type,
        "object": order.object_key,
        "appliance_id": signed["target_appliance_id"],
        "expires_at": signed["expires_at"],
        "parameters": sorted(signed["parameters"]),
    }
