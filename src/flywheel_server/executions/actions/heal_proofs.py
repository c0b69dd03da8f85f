"""Believes what was seen before what was said: a later look at a host settles its heals.

Called in the transaction that takes the look in: with a bundle of evidence, with a resolved
incident. A settled heal is a corrected fact like any other, so every count follows it. The end of a
healing order is believed and disproved by the same looks, whoever issued it.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.executions.store import executions, heal_proofs as store
from flywheel_server.executions.store.heal_proofs import Unproven, UnprovenOrder
from flywheel_server.fleet.model import heal_proofs as domain
from flywheel_server.fleet.model.heal_proofs import Look, Proof, Source

# More than a site heals between two scans; the rest is settled by the next one.
_MOST_HEALS = 1_000


async def settle(
    connection: Connection,
    site_id: UUID,
    looks: Sequence[Look],
    *,
    source: Source,
    reference: str,
    looked_at: dt.datetime,
    since: dt.datetime,
    room: dt.timedelta | None = None,
    appliance_id: UUID | None = None,
) -> int:
    """Settle the site's heals and healing orders that these looks speak of; return how many.

    ``since`` is the earliest receipt of a heal that they may speak of, ``room`` how long after it
    they must come (None: as scans do), ``appliance_id`` the one that looked, where that is known.
    """
    if not looks:
        return 0
    passed = {(look.hostname, look.incident_type): look.passed for look in looks}

    def proof(heal: Unproven | UnprovenOrder) -> Proof | None:
        """Return what the looks say of a heal; None: they came too early or too late."""
        said = Proof(
            source=source,
            reference=reference,
            passed=passed[heal.hostname, heal.incident_type],
            seen_at=looked_at,
        )
        return said if _speaks(heal, said, room) else None

    settled = 0
    heals = await store.unproven(
        connection, site_id, looks, since=since, appliance_id=appliance_id, limit=_MOST_HEALS
    )
    # One order for all who lock executions, so that no two wait for each other; then the orders.
    for heal in sorted(heals, key=lambda each: each.execution_id):
        if (said := proof(heal)) is not None:
            settled += await _settle(connection, site_id, heal, said)
    ordered = await store.unproven_orders(
        connection, site_id, looks, since=since, appliance_id=appliance_id, limit=_MOST_HEALS
    )
    for order in sorted(ordered, key=lambda each: each.order_id):
        if (said := proof(order)) is not None:
            settled += await store.settle_order(connection, site_id, order, said)
    return settled


def _speaks(heal: Unproven | UnprovenOrder, proof: Proof, room: dt.timedelta | None) -> bool:
    if room is None:
        room = domain.room_after_heal(proof.source, passed=proof.passed, claimed=heal.claimed)
    latest = heal.occurred_at + domain.LOOK_WITHIN
    return heal.occurred_at + room <= proof.seen_at <= latest


async def _settle(connection: Connection, site_id: UUID, heal: Unproven, proof: Proof) -> bool:
    await executions.lock(connection, site_id, heal.execution_id)
    newest = (await executions.versions(connection, site_id, heal.execution_id))[0]
    if newest.revision != heal.revision:
        # Corrected while this waited: the new version is settled by the next look.
        return False
    return await store.settle(connection, site_id, heal, newest, proof)
