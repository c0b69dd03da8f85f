"""Bundles whose key does not count yet: they wait, unverified, and prove nothing.

Once the key counts they enter the site's chain in the order in which they came, each verified over
its exact bytes then. What is dropped of them, for whatever reason, leaves a record.
"""

import datetime as dt
from uuid import UUID

from flywheel_server.core import errors, log, signatures
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.evidence.actions import evidence_chain
from flywheel_server.evidence.actions.evidence_chain import Signer, Submission
from flywheel_server.evidence.model import evidence
from flywheel_server.evidence.store import evidence as chains, evidence_waiting as store
from flywheel_server.evidence.store.evidence_waiting import Gone, Waiting
from flywheel_server.fleet.model import heal_proofs
from flywheel_server.fleet.model.heal_proofs import Look
from flywheel_server.fleet.store import evidence_keys

_log = log.get(__name__)

# Of one site: a fortnight of one appliance that submits every quarter of an hour, and more.
MOST_BUNDLES = 2_000
MOST_BYTES = 64 * 1024 * 1024
MOST_UNKNOWN = 20
# At once, where someone waits for it; the loop does the rest.
AT_ONCE = 200
_AT_SUBMIT = 20
_KEYS_A_TURN = 100
_TRIED_FOR = dt.timedelta(hours=1)


async def keep(
    connection: Connection,
    site_id: UUID,
    given: Submission,
    public_key: str | None,
    hash: str,
    now: dt.datetime,
) -> None:
    """Keep a bundle until its key counts; the oldest of the site make room."""
    await chains.lock_chain(connection, site_id)
    await store.keep(
        connection,
        site_id,
        public_key=public_key,
        signature=given.signature,
        signed_data=given.signed_data,
        bundle_hash=hash,
        bundle_id=given.bundle_id,
        checked_at=given.checked_at,
        received_at=now,
        checks=given.checks,
        results=given.results,
    )
    surplus = await store.surplus(connection, site_id, MOST_BUNDLES, MOST_BYTES)
    if surplus:
        await store.forget(connection, site_id, [each.id for each in surplus])
        await store.record_drop(connection, site_id, "room", surplus, now)
        _log.warning("waiting evidence was dropped", site=str(site_id), bundles=len(surplus))


async def note_key(
    connection: Connection, scope: ApplianceScope, public_key: str, now: dt.datetime
) -> None:
    """Keep a key that no appliance of the site has shown, so that a person can decide on it.

    Raises BadSignature where too many of them wait.
    """
    if not await evidence_keys.see_unknown(
        connection, scope.site_id, public_key, now, MOST_UNKNOWN
    ):
        raise errors.BadSignature(
            f"{MOST_UNKNOWN} keys that no appliance has shown wait at this site: check in with the "
            "key first, or approve or refuse those that wait."
        )


async def admit(
    connection: Connection,
    site_id: UUID,
    public_key: str,
    now: dt.datetime,
    limit: int | None = None,
) -> bool:
    """Let bundles of a key that counts into the chain, oldest first; say whether none is left.

    Raises nothing for what does not verify: it is dropped with a record.
    """
    await chains.lock_chain(connection, site_id)
    waiting = await store.of_key(connection, site_id, public_key, limit or _AT_SUBMIT)
    if not waiting:
        return True
    keys = await evidence_keys.of_site(connection, site_id, public_key=public_key)
    owners = {key.appliance_id for key in keys if key.state == "active"}
    if not owners:
        return True
    signer = Signer(public_key=public_key, appliance_id=owners.pop() if len(owners) == 1 else None)
    done, unverified = [], []
    for each in waiting:
        if signatures.hold(public_key, each.signature, each.signed_data):
            await _enter(connection, site_id, signer, each, now)
            done.append(each.id)
        elif each.public_key is not None:
            unverified.append(each)
    await store.forget(connection, site_id, [*done, *(each.id for each in unverified)])
    await store.record_drop(
        connection, site_id, "unverified", [_gone(each) for each in unverified], now
    )
    return not await store.any_of_key(connection, site_id, public_key)


async def admit_due(connection: Connection, now: dt.datetime) -> int:
    """Let what waits for keys that count into the chains; return how many keys had any."""
    due = await store.due(connection, now - _TRIED_FOR, _KEYS_A_TURN)
    for site_id, public_key in due:
        await admit(connection, site_id, public_key, now, AT_ONCE)
    return len(due)


async def refuse(connection: Connection, site_id: UUID, public_key: str, now: dt.datetime) -> int:
    """Drop what waits for a key that was refused; return how many bundles that were."""
    gone = await store.take_refused(connection, site_id, public_key)
    await store.record_drop(connection, site_id, "refused", gone, now)
    return len(gone)


async def _enter(
    connection: Connection, site_id: UUID, signer: Signer, waiting: Waiting, now: dt.datetime
) -> None:
    """Append one bundle, unless the chain has it already."""
    known = await chains.known(connection, site_id, waiting.bundle_id, waiting.bundle_hash)
    if any(
        (each.bundle_hash, each.public_key) == (waiting.bundle_hash, signer.public_key)
        for each in known
    ):
        return
    # An id that other content took meanwhile does not keep this one out: it gets one of its own.
    taken = any(each.bundle_id == waiting.bundle_id for each in known)
    given = Submission(
        signed_data=waiting.signed_data,
        signature=waiting.signature,
        public_key=signer.public_key,
        bundle_id=None if taken else waiting.bundle_id,
        checked_at=waiting.checked_at,
        checks=waiting.checks,
        results=waiting.results,
        looks=_looks(waiting.signed_data),
    )
    await evidence_chain.append(
        connection, site_id, given, signer, now, waited_since=waiting.received_at
    )


def _looks(signed_data: bytes) -> tuple[Look, ...]:
    """Return what the checks of a signed text say of each host."""
    signed = evidence.parse(signed_data.decode())
    checks = signed.get("checks") if isinstance(signed, dict) else None
    return tuple(heal_proofs.looks(checks)) if isinstance(checks, list) else ()


def _gone(waiting: Waiting) -> Gone:
    return Gone(
        id=waiting.id,
        public_key=waiting.public_key,
        size_bytes=waiting.size_bytes,
        checked_at=waiting.checked_at,
    )
