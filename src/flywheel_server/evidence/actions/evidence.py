"""Takes evidence in: the signature first, then the site's chain. What is refused changes nothing.

One bundle of a site at a time is appended, under a lock that ends with the transaction: no gap and
no fork, whoever dies on the way. A repeat is answered as the first time.
"""

import datetime as dt
from dataclasses import dataclass, replace

from flywheel_server.core import errors, signatures
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.evidence.actions import evidence_chain, evidence_waiting as waiting
from flywheel_server.evidence.actions.evidence_chain import Signer, Submission
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.evidence.store import evidence as store
from flywheel_server.evidence.store.evidence import Bundle
from flywheel_server.fleet.model.appliances import KeyState
from flywheel_server.fleet.store import evidence_keys

_REMEDIES: dict[KeyState | None, str] = {
    None: "The signature is not by the key that the bundle names, or it is no signature at all.",
    "active": "The signature is not over exactly the bytes of `signed_data`, or by another key.",
    "waiting": "The signature is not over exactly the bytes of `signed_data`, and its key waits.",
    "replaced": "The key was replaced: sign with the appliance's present one.",
    "refused": "The key was refused: sign with the appliance's registered one.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The bundle is kept, and enters the chain once its key counts."""

    # None: the agent does not say which key signed.
    public_key: str | None


async def submit(
    connection: Connection, scope: ApplianceScope, given: Submission, now: dt.datetime
) -> Bundle | Waits:
    """Append a bundle to its site's chain, or return the one that is there already.

    One whose key does not count yet waits for it. Raises BadSignature, or Conflict for a known
    bundle id with other content.
    """
    hash = domain.bundle_hash(given.signed_data)
    known = await store.known(connection, scope.site_id, given.bundle_id, hash)
    if not _taken(known, given, hash):
        for bundle in known:
            if _repeats(bundle, scope, given, hash):
                return bundle
    key = await _signer(connection, scope, given)
    if isinstance(key, Waits):
        if key.public_key is not None:
            await waiting.note_key(connection, scope, key.public_key, now)
        await waiting.keep(connection, scope.site_id, given, key.public_key, hash, now)
        return key
    own_id = domain.bundle_id(scope.site_id, key.public_key, hash)
    given = replace(given, public_key=key.public_key, bundle_id=given.bundle_id or own_id)
    await store.lock_chain(connection, scope.site_id)
    if not await waiting.admit(connection, scope.site_id, key.public_key, now):
        # More came before it than is let in at once: it waits for its place behind them.
        await waiting.keep(connection, scope.site_id, given, key.public_key, hash, now)
        return Waits(public_key=key.public_key)
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
    return await evidence_chain.append(connection, scope.site_id, given, key, now)


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


async def _signer(
    connection: Connection, scope: ApplianceScope, given: Submission
) -> Signer | Waits:
    """Return who signed, or which key the bundle waits for.

    Raises BadSignature with the remedy that fits.
    """
    keys = await evidence_keys.of_site(
        connection, scope.site_id, appliance_id=scope.appliance_id, public_key=given.public_key
    )
    active = [key for key in keys if key.state == "active"]
    for public_key in dict.fromkeys(key.public_key for key in active):
        if _holds(public_key, given):
            owners = {key.appliance_id for key in active if key.public_key == public_key}
            owner = owners.pop() if len(owners) == 1 else None
            return Signer(public_key=public_key, appliance_id=owner)
    for public_key in dict.fromkeys(key.public_key for key in keys if key.state == "waiting"):
        if _holds(public_key, given):
            return Waits(public_key=public_key)
    # The best of what is known of the key says what would help.
    states = {key.state for key in keys} if given.public_key or active else set()
    ranked: list[KeyState] = ["active", "waiting", "replaced", "refused"]
    state = next((each for each in ranked if each in states), None)
    if state is None and await _is_anothers(connection, scope, given):
        raise errors.BadSignature("The key is another appliance's: sign with this one's own.")
    if state is not None or not _may_wait(given):
        raise errors.BadSignature(_REMEDIES[state])
    return Waits(public_key=given.public_key)


async def _is_anothers(connection: Connection, scope: ApplianceScope, given: Submission) -> bool:
    """Say whether a credential of one appliance brings what another one's key signed."""
    if scope.appliance_id is None or given.public_key is None:
        return False
    keys = await evidence_keys.of_site(connection, scope.site_id, public_key=given.public_key)
    return any(key.appliance_id is not None for key in keys)


def _may_wait(given: Submission) -> bool:
    """Say whether a key that nothing is known of may have signed this."""
    if given.public_key is None:
        return domain.is_signature(given.signature)
    return _holds(given.public_key, given)


def _holds(public_key: str, given: Submission) -> bool:
    return signatures.hold(public_key, given.signature, given.signed_data)
