"""Appends a verified bundle to its site's chain, behind the head, and lets it prove heals.

The caller holds the chain's lock, which ends with the transaction: no gap and no fork.
"""

import datetime as dt
from dataclasses import dataclass, replace
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.evidence.store import evidence as store
from flywheel_server.evidence.store.evidence import Bundle, Proven
from flywheel_server.executions.actions import heal_proofs
from flywheel_server.fleet.model.heal_proofs import LOOK_WITHIN, Look, looked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What an appliance submits, checked against its own signed text already."""

    signed_data: bytes
    signature: str
    # None: the agent does not say; any key of its site or appliance may have signed.
    public_key: str | None
    # None: the agent gives its bundles no ids.
    bundle_id: str | None
    checked_at: dt.datetime
    checks: int
    results: dict[str, int]
    # What the checks say of each host.
    looks: tuple[Look, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whose signature was verified."""

    public_key: str
    # None: several appliances share the key, and the credential names none of them.
    appliance_id: UUID | None


async def append(
    connection: Connection,
    site_id: UUID,
    given: Submission,
    signer: Signer,
    now: dt.datetime,
    *,
    waited_since: dt.datetime | None = None,
) -> Bundle:
    """Append a bundle whose signature holds; ``waited_since`` is when it came, if it waited."""
    hash = domain.bundle_hash(given.signed_data)
    head = await store.head(connection, site_id)
    bundle = Proven(
        site_id=site_id,
        position=1 if head is None else head.position + 1,
        bundle_id=given.bundle_id or domain.bundle_id(site_id, signer.public_key, hash),
        appliance_id=signer.appliance_id,
        public_key=signer.public_key,
        signature=given.signature,
        bundle_hash=hash,
        previous_hash=domain.GENESIS if head is None else head.chain_hash,
        chain_hash="",
        checked_at=given.checked_at,
        # The clocks of two servers differ; the moments of a chain never go back.
        received_at=now if head is None else max(now, head.received_at),
        waited_since=waited_since,
        checks=given.checks,
        results=given.results,
        signed_data=given.signed_data,
        path=None,
    )
    bundle = replace(bundle, chain_hash=domain.chain_hash(bundle.link))
    await store.append(connection, bundle)
    came_at = waited_since or now
    await heal_proofs.settle(
        connection,
        site_id,
        given.looks,
        source="scan",
        reference=bundle.bundle_id,
        looked_at=looked_at(bundle.checked_at, came_at),
        since=came_at - LOOK_WITHIN,
        appliance_id=bundle.appliance_id,
    )
    return bundle
