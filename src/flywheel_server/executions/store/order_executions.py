"""Healing orders of plans as executions: the plan behind an order, and what the appliance said."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("order_executions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The approved plan that an order came of."""

    id: UUID
    incident_id: str
    incident_type: str
    hostname: str
    platform: str | None
    runbook_id: str
    confidence: float | None
    decided_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Which check of which host an incident is about."""

    incident_type: str
    # Empty: it names none.
    hostname: str


async def plan(connection: Connection, site_id: UUID, order_id: str) -> Plan | None:
    """Return the plan that an order came of; None where no plan is behind it."""
    row = await connection.fetchrow(*_SQL["plan"](site_id=site_id, order_id=order_id))
    return None if row is None else Plan(**dict(row))


async def reported(
    connection: Connection, site_id: UUID, incident_id: str, since: dt.datetime
) -> bool:
    """Say whether the appliance reported a heal of the incident itself since then."""
    return bool(
        await connection.fetchval(
            *_SQL["reported"](site_id=site_id, incident_id=incident_id, since=since)
        )
    )


async def note(
    connection: Connection,
    site_id: UUID,
    plan_id: UUID,
    execution_id: str,
    outcome: str,
    *,
    verified: bool | None,
    now: dt.datetime,
) -> None:
    """Note on a plan which execution came of it."""
    await connection.execute(
        *_SQL["note"](
            site_id=site_id,
            plan_id=plan_id,
            execution_id=execution_id,
            now=now,
            outcome=outcome,
            verified=verified,
        )
    )


async def repeated(
    connection: Connection, made_since: dt.datetime, prefix: str, limit: int
) -> list[tuple[UUID, str]]:
    """Return (site, execution) of orders whose heal the appliance has reported itself since."""
    rows = await connection.fetch(
        *_SQL["repeated"](made_since=made_since, prefix=prefix, limit=limit)
    )
    return [(row["site_id"], row["execution_id"]) for row in rows]


async def verify(connection: Connection, made_since: dt.datetime, now: dt.datetime) -> int:
    """Give orders what a check says of their heals; return how many changed."""
    return len(await connection.fetch(*_SQL["verify"](made_since=made_since, now=now)))


async def incident(connection: Connection, site_id: UUID, incident_id: str) -> Incident | None:
    """Return what an incident of a site is about."""
    row = await connection.fetchrow(*_SQL["incident"](site_id=site_id, incident_id=incident_id))
    return None if row is None else Incident(**dict(row))
