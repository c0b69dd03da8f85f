"""Orders: one table for every kind. A move is a guarded update: it happens once, or not at all."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from flywheel_server.core.db import Connection, Record
from flywheel_server.core.sql import load
from flywheel_server.orders.model.orders import Draft, Order, State
from flywheel_server.orders.model.outcomes import Meaning, Said

_SQL = load("orders")

# More than an appliance is given at once; the others follow when these are done.
MOST_HANDED_OUT = 100
_MOST_EXPIRED = 10_000


async def insert(
    connection: Connection,
    draft: Draft,
    *,
    order_id: str,
    site_id: UUID,
    appliance_id: UUID,
    created_at: dt.datetime,
    expires_at: dt.datetime,
    nonce: str,
    signed_payload: str,
    signature: str,
    issued_by: str,
) -> Order | None:
    """Store a new order; return None while one for the same thing lives."""
    row = await connection.fetchrow(
        *_SQL["insert"](
            order_id=order_id,
            site_id=site_id,
            appliance_id=appliance_id,
            kind=draft.kind,
            order_type=draft.order_type,
            object_key=draft.object_key,
            rule=draft.rule,
            priority=draft.priority,
            created_at=created_at,
            expires_at=expires_at,
            nonce=nonce,
            signed_payload=signed_payload,
            signature=signature,
            issued_by=issued_by,
        )
    )
    return None if row is None else _order(row)


async def live(
    connection: Connection, site_id: UUID, appliance_id: UUID, draft: Draft
) -> Order | None:
    """Return the living order for the same thing on the same appliance."""
    row = await connection.fetchrow(
        *_SQL["live"](
            site_id=site_id,
            appliance_id=appliance_id,
            order_type=draft.order_type,
            object_key=draft.object_key,
        )
    )
    return None if row is None else _order(row)


async def pending(
    connection: Connection, site_id: UUID, appliance_id: UUID, now: dt.datetime
) -> list[Order]:
    """Return what an appliance shall do next: neither acknowledged nor past its deadline."""
    rows = await connection.fetch(
        *_SQL["pending"](
            site_id=site_id, appliance_id=appliance_id, now=now, most_handed_out=MOST_HANDED_OUT
        )
    )
    return [_order(row) for row in rows]


async def hand_out(
    connection: Connection, site_id: UUID, ids: Sequence[str], now: dt.datetime
) -> None:
    """Note when these orders were first given to their appliance."""
    await connection.execute(*_SQL["hand_out"](site_id=site_id, ids=ids, now=now))


async def lock(connection: Connection, id: str) -> Order | None:
    """Return an order that the caller may see, and keep others from changing it."""
    row = await connection.fetchrow(*_SQL["lock"](id=id))
    return None if row is None else _order(row)


async def acknowledge(
    connection: Connection, site_id: UUID, id: str, now: dt.datetime
) -> Order | None:
    """Move a pending order on; return None when it is no longer pending."""
    row = await connection.fetchrow(*_SQL["acknowledge"](site_id=site_id, id=id, now=now))
    return None if row is None else _order(row)


async def complete(
    connection: Connection,
    site_id: UUID,
    id: str,
    said: Said,
    meaning: Meaning,
    now: dt.datetime,
) -> Order | None:
    """Keep what came of an order; return None when that is known already."""
    row = await connection.fetchrow(
        *_SQL["complete"](
            site_id=site_id,
            id=id,
            now=now,
            success=said.success,
            result=said.result,
            error_message=said.error_message,
            outcome=meaning.outcome,
            standing=meaning.standing,
        )
    )
    return None if row is None else _order(row)


async def cancel(connection: Connection, site_id: UUID, id: str, now: dt.datetime) -> Order | None:
    """Take a living order back; return None when it lives no more."""
    row = await connection.fetchrow(*_SQL["cancel"](site_id=site_id, id=id, now=now))
    return None if row is None else _order(row)


async def cancel_of_rules(
    connection: Connection, now: dt.datetime, rule: UUID | None = None
) -> list[UUID]:
    """Take back orders that would bring a rule, or any disabled one; return whose they were."""
    if rule is None:
        rows = await connection.fetch(*_SQL["cancel_of_disabled_rules"](now=now))
    else:
        rows = await connection.fetch(*_SQL["cancel_of_rule"](rule=rule, now=now))
    return [row["appliance_id"] for row in rows]


async def cancel_of_excluded(connection: Connection, now: dt.datetime, rule: UUID) -> list[UUID]:
    """Take back orders that would bring a rule to who does not get it; return whose they were."""
    rows = await connection.fetch(*_SQL["cancel_of_excluded"](rule=rule, now=now))
    return [row["appliance_id"] for row in rows]


async def expire_of(
    connection: Connection, site_id: UUID, appliance_id: UUID, now: dt.datetime
) -> list[str]:
    """End an appliance's orders that are past their deadline; return their ids."""
    rows = await connection.fetch(
        *_SQL["expire_of"](site_id=site_id, appliance_id=appliance_id, now=now)
    )
    return [row["id"] for row in rows]


async def expire_due(connection: Connection, now: dt.datetime) -> list[UUID]:
    """End a bounded number of orders past their deadline; return whose, once an order."""
    rows = await connection.fetch(*_SQL["expire_due"](now=now, most_expired=_MOST_EXPIRED))
    return [row["appliance_id"] for row in rows]


async def page(
    connection: Connection,
    site_id: UUID,
    appliance_id: UUID,
    *,
    states: Sequence[State] | None,
    after: tuple[dt.datetime, str] | None,
    limit: int,
) -> list[Order]:
    """Return an appliance's orders, oldest first, those behind ``after``."""
    created_at, id = after or (None, None)
    rows = await connection.fetch(
        *_SQL["page"](
            site_id=site_id,
            appliance_id=appliance_id,
            states=states,
            created_at=created_at,
            id=id,
            limit=limit,
        )
    )
    return [_order(row) for row in rows]


def _order(row: Record) -> Order:
    return Order(**dict(row))
