"""Webhooks: endpoints, and the deliveries to them. ``partner_id`` None: the operators' own."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core.called import WEBHOOKS, called
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.webhooks.model import webhooks as rules

_SQL = load("webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where events of some kinds are sent. Its secret is never read back, but to sign."""

    id: UUID
    partner_id: UUID | None
    url: str
    label: str
    kinds: list[str]
    enabled: bool
    created_at: dt.datetime
    # When its receiver said that it is gone, which switched it off.
    gone_at: dt.datetime | None = None
    # When its receiver asked to be called again.
    not_before: dt.datetime | None = None
    # Until when secrets that were replaced sign, too.
    overlap_until: dt.datetime | None = None
    pending: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint."""

    id: UUID
    event_id: UUID
    kind: str
    occurred_at: dt.datetime
    data: dict[str, Any]
    state: str
    attempts: int
    next_attempt_at: dt.datetime
    last_status: int | None
    last_error: str | None
    last_attempt_at: dt.datetime | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A delivery that this process sends now, and nobody else."""

    id: UUID
    event_id: UUID
    endpoint_id: UUID
    attempts: int
    url: str
    # The newest first.
    secrets: list[bytes]
    kind: str
    partner_id: UUID | None
    organization_id: UUID | None
    site_id: UUID | None
    data: dict[str, Any]
    occurred_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an attempt ended."""

    state: str
    next_attempt_at: dt.datetime
    status: int | None
    error: str | None
    at: dt.datetime
    # Where the receiver said when to come again.
    not_before: dt.datetime | None = None


async def insert(
    connection: Connection,
    partner_id: UUID | None,
    *,
    url: str,
    label: str,
    kinds: Collection[str],
    secret: bytes,
    now: dt.datetime,
) -> Endpoint:
    """Store an endpoint."""
    row = await connection.fetchrow(
        *_SQL["insert"](
            partner_id=partner_id, url=url, label=label, kinds=list(kinds), secret=secret, now=now
        )
    )
    if row is None:
        raise LookupError("INSERT … RETURNING gave no row")
    return Endpoint(**dict(row))


async def count(connection: Connection, partner_id: UUID | None) -> int:
    """Return how many endpoints there are of this owner."""
    return int(await connection.fetchval(*_SQL["count"](partner_id=partner_id)))


async def page(
    connection: Connection,
    partner_id: UUID | None,
    *,
    text: str | None,
    after: UUID | None,
    limit: int,
) -> list[Endpoint]:
    """Return the owner's endpoints in the order in which they were made."""
    rows = await connection.fetch(
        *_SQL["page"](
            partner_id=partner_id,
            id=None,
            after=after,
            limit=limit,
            text=text,
            called=called(text, WEBHOOKS),
        )
    )
    return [Endpoint(**dict(row)) for row in rows]


async def get(connection: Connection, partner_id: UUID | None, id: UUID) -> Endpoint | None:
    """Return one endpoint of this owner."""
    row = await connection.fetchrow(
        *_SQL["page"](partner_id=partner_id, id=id, after=None, limit=1, text=None, called=[])
    )
    return None if row is None else Endpoint(**dict(row))


async def change(connection: Connection, endpoint: Endpoint) -> None:
    """Store what has changed of an endpoint."""
    await connection.execute(
        *_SQL["change"](
            id=endpoint.id,
            partner_id=endpoint.partner_id,
            url=endpoint.url,
            label=endpoint.label,
            kinds=endpoint.kinds,
            enabled=endpoint.enabled,
            gone_at=endpoint.gone_at,
            not_before=endpoint.not_before,
        )
    )


async def rotate(
    connection: Connection,
    endpoint: Endpoint,
    secret: bytes,
    until: dt.datetime | None,
) -> None:
    """Replace the secret; until then the old one signs too, if at all."""
    await connection.execute(
        *_SQL["rotate"](id=endpoint.id, partner_id=endpoint.partner_id, secret=secret, until=until)
    )


async def forget_old_secrets(
    connection: Connection, endpoint: Endpoint, now: dt.datetime, *, living: bool
) -> None:
    """Delete an endpoint's replaced secrets that have expired, those that have not where told."""
    await connection.execute(
        *_SQL["forget_old_secrets"](
            id=endpoint.id, partner_id=endpoint.partner_id, now=now, living=living
        )
    )


async def count_old_secrets(connection: Connection, endpoint: Endpoint) -> int:
    """Return how many replaced secrets an endpoint has."""
    return int(
        await connection.fetchval(
            *_SQL["count_old_secrets"](id=endpoint.id, partner_id=endpoint.partner_id)
        )
    )


async def forget_expired_secrets(connection: Connection, now: dt.datetime) -> int:
    """Delete secrets that sign nothing any more; return how many."""
    done: str = await connection.execute(*_SQL["forget_expired_secrets"](now=now))
    return int(done.rpartition(" ")[2])


async def delete(connection: Connection, partner_id: UUID | None, id: UUID) -> bool:
    """Delete an endpoint with its deliveries; return whether there was one."""
    return await connection.fetchval(*_SQL["delete"](id=id, partner_id=partner_id)) is not None


async def deliveries(
    connection: Connection,
    endpoint: Endpoint,
    *,
    state: str | None,
    after: UUID | None,
    limit: int,
    text: str | None = None,
) -> list[Delivery]:
    """Return deliveries to an endpoint, the newest first."""
    rows = await connection.fetch(
        *_SQL["deliveries"](
            endpoint_id=endpoint.id,
            partner_id=endpoint.partner_id,
            id=None,
            state=state,
            after=after,
            text=text,
            limit=limit,
        )
    )
    return [Delivery(**dict(row)) for row in rows]


async def delivery(connection: Connection, endpoint: Endpoint, id: UUID) -> Delivery | None:
    """Return one delivery to an endpoint."""
    row = await connection.fetchrow(
        *_SQL["deliveries"](
            endpoint_id=endpoint.id,
            partner_id=endpoint.partner_id,
            id=id,
            state=None,
            after=None,
            text=None,
            limit=1,
        )
    )
    return None if row is None else Delivery(**dict(row))


async def retry(connection: Connection, endpoint: Endpoint, id: UUID, now: dt.datetime) -> None:
    """Have a delivery sent again, from its first attempt on."""
    await connection.execute(
        *_SQL["retry"](id=id, endpoint_id=endpoint.id, partner_id=endpoint.partner_id, now=now)
    )


async def add_test(
    connection: Connection,
    endpoint: Endpoint,
    data: dict[str, object],
    now: dt.datetime,
) -> UUID:
    """Add an event that this endpoint alone is told of; return its delivery's id."""
    event_id = await connection.fetchval(
        *_SQL["test_event"](partner_id=endpoint.partner_id, data=data, now=now)
    )
    delivery_id: UUID = await connection.fetchval(
        *_SQL["test_delivery"](
            event_id=event_id, id=endpoint.id, partner_id=endpoint.partner_id, now=now
        )
    )
    return delivery_id


async def dispatch(connection: Connection, now: dt.datetime, limit: int) -> int:
    """Make the deliveries of new events; return how many events there were."""
    return len(await connection.fetch(*_SQL["dispatch"](now=now, limit=limit)))


async def lease(
    connection: Connection,
    sender: UUID,
    now: dt.datetime,
    until: dt.datetime,
    *,
    limit: int,
    each: int,
    busy: Collection[UUID],
) -> list[Leased]:
    """Take deliveries that are due: ``each`` of an endpoint at most, none of ``busy`` ones."""
    rows = await connection.fetch(
        *_SQL["lease"](
            sender=sender,
            now=now,
            until=until,
            limit=limit,
            each=each,
            busy=list(busy),
            most_old_secrets=rules.MOST_OLD_SECRETS,
        )
    )
    return [Leased(**dict(row)) for row in rows]


async def settle(connection: Connection, sender: UUID, id: UUID, result: Result) -> None:
    """Store how an attempt ended, where it is still this sender's."""
    await connection.execute(
        *_SQL["settle"](
            id=id,
            sender=sender,
            state=result.state,
            next_attempt_at=result.next_attempt_at,
            status=result.status,
            error=result.error,
            at=result.at,
        )
    )


async def hold_off(connection: Connection, leased: Leased, until: dt.datetime) -> None:
    """Send nothing to an endpoint before then, as its receiver asked."""
    await connection.execute(
        *_SQL["hold_off"](endpoint_id=leased.endpoint_id, until=until, url=leased.url)
    )


async def switch_off(connection: Connection, leased: Leased, now: dt.datetime) -> Endpoint | None:
    """Switch an endpoint off whose receiver is gone; None when it is off, or leads elsewhere."""
    row = await connection.fetchrow(
        *_SQL["switch_off"](endpoint_id=leased.endpoint_id, now=now, url=leased.url)
    )
    return None if row is None else Endpoint(**dict(row))


async def let_go(connection: Connection, sender: UUID) -> None:
    """Leave to others what this sender had taken."""
    await connection.execute(*_SQL["let_go"](sender=sender))
