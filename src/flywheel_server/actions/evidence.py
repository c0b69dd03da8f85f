"""Takes evidence in: the signature first, then the site's chain. What is refused changes nothing.

One bundle of a site at a time is appended, under a lock that ends with the transaction: no gap and
no fork, whoever dies on the way. A repeat is answered as the first time.
"""

import datetime as dt
from dataclasses import dataclass, replace
from uuid import UUID

from flywheel_server import errors, signatures
from flywheel_server.actions import heal_proofs
from flywheel_server.db import Connection
from flywheel_server.domain import evidence as domain
from flywheel_server.domain.evidence import KeyState
from flywheel_server.domain.heal_proofs import LOOK_WITHIN, Look, looked_at
from flywheel_server.domain.scope import ApplianceScope
from flywheel_server.store import evidence as store
from flywheel_server.store import evidence_keys
from flywheel_server.store.evidence import Bundle, Proven

_REMEDIES: dict[KeyState | None, str] = {
    None: "No appliance of this site has shown the key that signed this: check in with it first.",
    "active": "The signature is not over exactly the bytes of `signed_data`, or by another key.",
    "waiting": "The key waits for an operator's approval, or for a signature by the one before it.",
    "replaced": "The key was replaced: sign with the appliance's present one.",
    "refused": "An operator refused the key: sign with the appliance's registered one.",
}


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


async def submit(
    connection: Connection, scope: ApplianceScope, given: Submission, now: dt.datetime
) -> Bundle:
    """Append a bundle to its site's chain, or return the one that is there already.

    Raises BadSignature, or Conflict for a known bundle id with other content.
    """
    hash = domain.bundle_hash(given.signed_data)
    known = await store.known(connection, scope.site_id, given.bundle_id, hash)
    if not _taken(known, given, hash):
        for bundle in known:
            if _repeats(bundle, scope, given, hash):
                return bundle
    key = await _signer(connection, scope, given)
    own_id = domain.bundle_id(scope.site_id, key.public_key, hash)
    given = replace(given, public_key=key.public_key, bundle_id=given.bundle_id or own_id)
    await store.lock_chain(connection, scope.site_id)
    # Another process may have appended it while this one waited.
    known = await store.known(connection, scope.site_id, given.bundle_id, hash)
    if _taken(known, given, hash):
        raise errors.Conflict(
            "A bundle with this `bundle_id` and other content is here already: what is in the "
            "chain never changes, so give new content a new id.",
            bundle_id=given.bundle_id,
        )
    for bundle in known:
        if bundle.bundle_hash == hash and bundle.public_key == key.public_key:
            return bundle
    return await _append(connection, scope, given, key, hash, now)


async def _append(
    connection: Connection,
    scope: ApplianceScope,
    given: Submission,
    key: "_Signer",
    hash: str,
    now: dt.datetime,
) -> Bundle:
    head = await store.head(connection, scope.site_id)
    bundle = Proven(
        site_id=scope.site_id,
        position=1 if head is None else head.position + 1,
        bundle_id=given.bundle_id or "",
        appliance_id=key.appliance_id,
        public_key=key.public_key,
        signature=given.signature,
        bundle_hash=hash,
        previous_hash=domain.GENESIS if head is None else head.chain_hash,
        chain_hash="",
        checked_at=given.checked_at,
        # The clocks of two servers differ; the moments of a chain never go back.
        received_at=now if head is None else max(now, head.received_at),
        checks=given.checks,
        results=given.results,
        signed_data=given.signed_data,
        path=None,
    )
    bundle = replace(bundle, chain_hash=domain.chain_hash(bundle.link))
    await store.append(connection, bundle)
    await heal_proofs.settle(
        connection,
        bundle.site_id,
        given.looks,
        source="scan",
        reference=bundle.bundle_id,
        looked_at=looked_at(bundle.checked_at, now),
        since=now - LOOK_WITHIN,
        appliance_id=bundle.appliance_id,
    )
    return bundle


def _taken(known: list[Bundle], given: Submission, hash: str) -> bool:
    """Say whether the id that is given belongs to other content."""
    return any(
        bundle.bundle_id == given.bundle_id and bundle.bundle_hash != hash for bundle in known
    )


def _repeats(bundle: Bundle, scope: ApplianceScope, given: Submission, hash: str) -> bool:
    """Say whether this is a bundle as it was verified then, whatever became of its key since."""
    return (
        bundle.bundle_hash == hash
        and bundle.signature == given.signature
        and given.public_key in {None, bundle.public_key}
        and (scope.appliance_id is None or bundle.appliance_id in {None, scope.appliance_id})
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signer:
    public_key: str
    # None: several appliances share the key, and the credential names none of them.
    appliance_id: UUID | None


async def _signer(connection: Connection, scope: ApplianceScope, given: Submission) -> _Signer:
    """Return who signed. Raises BadSignature with the remedy that fits."""
    keys = await evidence_keys.of_site(
        connection, scope.site_id, appliance_id=scope.appliance_id, public_key=given.public_key
    )
    active = [key for key in keys if key.state == "active"]
    for public_key in dict.fromkeys(key.public_key for key in active):
        if signatures.hold(public_key, given.signature, given.signed_data):
            owners = {key.appliance_id for key in active if key.public_key == public_key}
            owner = owners.pop() if len(owners) == 1 else None
            return _Signer(public_key=public_key, appliance_id=owner)
    # The best of what is known of the key says what would help.
    states = {key.state for key in keys} if given.public_key or active else set()
    ranked: list[KeyState] = ["active", "waiting", "replaced", "refused"]
    state = next((each for each in ranked if each in states), None)
    raise errors.BadSignature(_REMEDIES[state])
