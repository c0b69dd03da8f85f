"""Heals that a later look decided on: which wait for one, and what came of it.

A heal is told by an execution, or by the completion of a healing order.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.executions.store import executions
from flywheel_server.executions.store.executions import Version
from flywheel_server.fleet.model.heal_proofs import Look, Proof
from flywheel_server.orders.model.orders import OF_ORDER

_SQL = load("heal_proofs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """A success, or a claim of one, that no later look has decided on."""

    execution_id: str
    revision: int
    received_at: dt.datetime
    occurred_at: dt.datetime
    outcome: str
    # In lower case.
    hostname: str
    incident_type: str

    @property
    def claimed(self) -> bool:
        """Say whether its agent could not know."""
        return self.outcome == "claimed_success"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprovenOrder:
    """A healing order that came to a success, or to a claim of one, and waits for a look."""

    order_id: str
    occurred_at: dt.datetime
    claimed: bool
    # In lower case.
    hostname: str
    incident_type: str


async def unproven(
    connection: Connection,
    site_id: UUID,
    looks: Sequence[Look],
    *,
    since: dt.datetime,
    appliance_id: UUID | None,
    limit: int,
) -> list[Unproven]:
    """Return the successes received ``since`` whose hosts and checks were looked at, by receipt."""
    rows = await connection.fetch(
        *_SQL["unproven"](
            site_id=site_id,
            since=since,
            hostnames=[look.hostname for look in looks],
            incident_types=[look.incident_type for look in looks],
            appliance_id=appliance_id,
            limit=limit,
        )
    )
    return [Unproven(**dict(row)) for row in rows]


async def unproven_orders(
    connection: Connection,
    site_id: UUID,
    looks: Sequence[Look],
    *,
    since: dt.datetime,
    appliance_id: UUID | None,
    limit: int,
) -> list[UnprovenOrder]:
    """Return the healing orders reported ``since`` whose hosts and checks were looked at."""
    rows = await connection.fetch(
        *_SQL["unproven_orders"](
            site_id=site_id,
            since=since,
            hostnames=[look.hostname for look in looks],
            incident_types=[look.incident_type for look in looks],
            appliance_id=appliance_id,
            limit=limit,
        )
    )
    return [UnprovenOrder(**dict(row)) for row in rows]


async def settle_order(
    connection: Connection, site_id: UUID, heal: UnprovenOrder, proof: Proof
) -> bool:
    """Give an order what the proof says; False when another look was first."""
    row = await connection.fetchrow(
        *_SQL["settle_order"](
            site_id=site_id,
            id=heal.order_id,
            outcome="success" if proof.passed else "failure",
            passed=proof.passed,
            source=proof.source,
            reference=proof.reference,
            seen_at=proof.seen_at,
            prefix=OF_ORDER,
        )
    )
    return row is not None


async def settle(
    connection: Connection, site_id: UUID, heal: Unproven, newest: Version, proof: Proof
) -> bool:
    """Replace a heal's fact by what the proof says; False when the fact is gone already."""
    id, at, revision = heal.execution_id, newest.received_at, newest.revision + 1
    if not await executions.reverse(connection, site_id, id, newest):
        return False
    outcome = "success" if proof.passed else "failure"
    await connection.execute(
        *_SQL["replace"](
            site_id=site_id, id=id, at=at, revision=revision, outcome=outcome, passed=proof.passed
        )
    )
    await executions.note_version(
        connection, site_id, id, revision, f"{proof.source}:{proof.reference}".encode()
    )
    await connection.execute(
        *_SQL["insert"](
            site_id=site_id,
            id=id,
            revision=revision,
            source=proof.source,
            reference=proof.reference,
            passed=proof.passed,
            outcome=heal.outcome,
            seen_at=proof.seen_at,
        )
    )
    return True
