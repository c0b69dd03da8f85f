"""Anchors evidence in time: batches by Merkle tree, and what each attempt makes of their proofs.

A batch is of one organization, so that no tenant's proof carries another's leaf. The network is
asked between two transactions: ``claim`` says what is due, ``attempt`` asks, ``settle`` writes.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import audit, errors, log
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.evidence import timestamps
from flywheel_server.evidence.calendars import Calendars, Headers, NoAnswer
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.evidence.store import evidence_anchors as store, evidence_progress
from flywheel_server.evidence.store.evidence_anchors import Anchor
from flywheel_server.evidence.timestamps import Attested, DamagedProof, Proof

_log = log.get(__name__)

MOST_LEAVES = 10_000
_MOST_BATCHES = 200
_MOST_AT_ONCE = 20
# An attempt whose process dies is made again after this long.
_LEASE = dt.timedelta(minutes=10)
_LONGEST_PROBLEM = 1_000
# Real proofs have one or two thousand bytes.
_MOST_SHOWN_PROOF = 65_536


async def batch(
    connection: Connection, now: dt.datetime, *, every: dt.timedelta, calendars: bool
) -> tuple[int, int]:
    """Make each organization's waiting bundles a batch; return bundles and batches."""
    await evidence_progress.begin(connection)
    if calendars:
        await store.submit_local(connection, now)
    bundles = batches = 0
    for organization_id in await store.unbatched(connection, now - every, _MOST_BATCHES):
        made = await _batch(connection, organization_id, now, calendars=calendars)
        bundles, batches = bundles + made, batches + (made > 0)
    return bundles, batches


async def _batch(
    connection: Connection, organization_id: UUID, now: dt.datetime, *, calendars: bool
) -> int:
    leaves = await store.leaves_to_batch(connection, organization_id, MOST_LEAVES)
    if not leaves:
        return 0
    root, paths = domain.merkle_tree([leaf.chain_hash for leaf in leaves])
    await store.insert(
        connection,
        organization_id,
        "pending" if calendars else "local",
        root,
        list(zip(leaves, paths, strict=True)),
        now,
    )
    return len(leaves)


async def claim(
    connection: Connection, now: dt.datetime, *, calendars: bool, headers: bool
) -> list[Anchor]:
    """Return the anchors to ask about now; nobody else asks about them meanwhile."""
    return await store.claim(
        connection,
        now,
        calendars=calendars,
        headers=headers,
        until=now + _LEASE,
        limit=_MOST_AT_ONCE,
    )


async def attempt(
    anchor: Anchor, calendars: Calendars, headers: Headers, now: dt.datetime
) -> Anchor:
    """Ask calendars and block headers about an anchor; return it as it is then. No transaction."""
    problems: list[str] = []
    anchor = replace(anchor, problem=None)
    try:
        digest = domain.stamped_digest(anchor.root)
        proof = Proof.of(digest) if anchor.proof is None else Proof.read(anchor.proof)
        if anchor.proof is None:
            problems += await calendars.submit(proof)
            anchor = replace(anchor, submitted_at=now)
        elif not proof.attested() or anchor.state == "pending":
            problems += await calendars.upgrade(proof)
        anchor = replace(anchor, proof=_readable(proof))
        anchor = await _judged(anchor, proof, headers, now)
    except NoAnswer as error:
        problems.append(str(error))
    except DamagedProof as error:
        problems.append(f"the proof cannot be read ({error})")
    told = "; ".join([*problems, *([anchor.problem] if anchor.problem else [])])
    ended = anchor.state in {"verified", "failed"}
    return replace(
        anchor,
        problem=told[:_LONGEST_PROBLEM] or None,
        next_attempt_at=None if ended else now + domain.wait(anchor.attempts),
    )


async def settle(connection: Connection, anchors: Sequence[Anchor], now: dt.datetime) -> None:
    """Write what attempts found."""
    for anchor in anchors:
        await store.move(connection, anchor, now)
        if anchor.state == "failed":
            _log.error(
                "a timestamp of evidence failed", anchor=str(anchor.id), reason=anchor.problem
            )


async def retry(
    connection: Connection,
    scope: OperatorScope,
    id: UUID,
    reason: str,
    *,
    keep_proof: bool,
    calendars: bool,
    now: dt.datetime,
) -> None:
    """Have a timestamp that failed tried again: with a new proof, or the old one judged anew.

    Raises NotFound, and Conflict for one that did not fail or where no calendar could be asked.
    """
    anchor = await store.lock(connection, id)
    if anchor is None:
        raise errors.NotFound("No timestamp has this id: see GET /api/admin/evidence/anchors.")
    if anchor.state != "failed":
        raise errors.Conflict(
            f"The timestamp is {anchor.state}: only one that failed is tried again. Read it anew.",
            state=anchor.state,
        )
    if not calendars:
        raise errors.Conflict("No calendar is set to ask: set FLYWHEEL_OTS_CALENDARS first.")
    await store.retry(connection, anchor, keep_proof=keep_proof, now=now)
    organization = await accounts.get_organization(connection, anchor.organization_id)
    await audit.record(
        connection,
        scope,
        "evidence_anchor.retry",
        object_kind="evidence_anchor",
        object_id=str(id),
        now=now,
        before={
            "state": anchor.state,
            "problem": anchor.problem,
            "block_height": anchor.block_height,
            # What is given up can still be shown to the calendar's operator.
            "proof": None if keep_proof else _shown(anchor.proof),
        },
        after={"state": "pending", "keep_proof": keep_proof, "reason": reason},
        partner_id=None if organization is None else organization.partner_id,
        organization_id=anchor.organization_id,
    )


def _shown(proof: bytes | None) -> str | None:
    return None if proof is None or len(proof) > _MOST_SHOWN_PROOF else proof.hex()


async def _judged(anchor: Anchor, proof: Proof, headers: Headers, now: dt.datetime) -> Anchor:
    """Return the anchor as its proof stands against the blocks it names. Raises NoAnswer."""
    claims = proof.attested()
    if not claims:
        return anchor
    anchored = replace(anchor, state="anchored", block_height=claims[0].height)
    wrong: list[Attested] = []
    for claim in claims:
        header = await headers.of(claim.height)
        if header is None:
            continue
        time = timestamps.block_time(claim, header)
        if time is None:
            wrong.append(claim)
            continue
        return replace(
            anchored,
            state="verified",
            block_height=claim.height,
            block_header=header,
            block_time=time,
        )
    if len(wrong) < len(claims):
        return anchored
    problem = f"the proof does not lead to the merkle root of block {wrong[0].height}"
    if proof.owed() and now - (anchor.pending_since or now) < domain.LATE_AFTER:
        # Another calendar may still keep its word.
        return replace(anchor, state="pending", problem=problem)
    return replace(anchor, state="failed", problem=problem, block_height=wrong[0].height)


def _readable(proof: Proof) -> bytes:
    """Return the proof's bytes, read back once: what cannot be read is never kept."""
    data = proof.write()
    Proof.read(data)
    return data
