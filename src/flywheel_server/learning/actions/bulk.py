"""Decides on up to fifty candidates at once, each by the one ``promote``, with a verdict for each.

Each item is a savepoint of its own: what fails takes nothing else with it. All candidates are held
before the first is decided, so that two bulks never wait for each other in a ring.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import asyncpg

from flywheel_server.core import audit, db, errors, log
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import PartnerScope
from flywheel_server.core.signing import Signer
from flywheel_server.learning.actions import promote
from flywheel_server.learning.store import candidates, promotions

_log = log.get(__name__)

MOST_ITEMS = 50
# An answer is kept under its key for so long; after that the key is free again.
REPEATABLE_DAYS = 30
Verdict = Literal["approved", "rejected", "skipped", "conflict", "not_found", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Approve each."""

    notes: str | None
    deploy_immediately: bool
    # Of whom the orders are; no part of what was asked.
    signer: Signer = field(repr=False, compare=False)

    word = "approve"

    def asked(self) -> dict[str, object]:
        """Return what was asked for, beside the candidates."""
        return {"notes": self.notes, "deploy_immediately": self.deploy_immediately}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Reject each."""

    reason: str

    word = "reject"

    def asked(self) -> dict[str, object]:
        """Return what was asked for, beside the candidates."""
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What became of one candidate."""

    pattern_id: str
    verdict: Verdict
    # Why nothing was decided; None where it was.
    reason: str | None = None
    rule_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of all; ``repeated``: this was answered before, nothing was done now."""

    items: tuple[Item, ...]
    repeated: bool


async def run(
    connection: Connection,
    actor: PartnerScope,
    ids: Sequence[str],
    deed: Approval | Rejection,
    *,
    key: str | None,
    dry_run: bool,
    now: dt.datetime,
) -> Outcome:
    """Decide on each of ``ids``, or only foresee what would become of each."""
    if dry_run:
        return await foresee(connection, actor, ids, deed, now=now)
    return await decide(connection, actor, ids, deed, key=key, now=now)


async def decide(
    connection: Connection,
    actor: PartnerScope,
    ids: Sequence[str],
    deed: Approval | Rejection,
    *,
    key: str | None,
    now: dt.datetime,
) -> Outcome:
    """Decide on each of ``ids``; a request with a ``key`` seen before only repeats its answer.

    Raises Conflict for a key that came with another request.
    """
    digest = _digest(ids, deed)
    if key is not None:
        known = await promotions.answered(connection, actor.partner_id, key)
        if known is not None:
            return _again(known, digest)
    await candidates.lock(connection, ids)
    items = tuple(
        [
            await _one(connection, actor, pattern_id, deed, now)
            if pattern_id not in ids[:place]
            else _named_twice(pattern_id)
            for place, pattern_id in enumerate(ids)
        ]
    )
    await _audit(connection, actor, items, deed, digest, now)
    if key is not None:
        answer = {"items": [asdict(item) for item in items]}
        await promotions.keep_answer(connection, actor.partner_id, key, digest, answer, now)
    return Outcome(items=items, repeated=False)


async def foresee(
    connection: Connection,
    actor: PartnerScope,
    ids: Sequence[str],
    deed: Approval | Rejection,
    *,
    now: dt.datetime,
) -> Outcome:
    """Say what ``decide`` would do now, and change nothing."""
    await candidates.lock(connection, ids)
    items = []
    for place, pattern_id in enumerate(ids):
        if pattern_id in ids[:place]:
            items.append(_named_twice(pattern_id))
            continue
        try:
            await promote.check(connection, actor, pattern_id, now=now)
        except errors.FlywheelError as error:
            items.append(_refused(pattern_id, error))
        else:
            items.append(Item(pattern_id=pattern_id, verdict=_done(deed)))
    return Outcome(items=tuple(items), repeated=False)


async def _one(
    connection: Connection,
    actor: PartnerScope,
    pattern_id: str,
    deed: Approval | Rejection,
    now: dt.datetime,
) -> Item:
    try:
        async with db.savepoint(connection):
            decision = await _decide(connection, actor, pattern_id, deed, now)
    except errors.FlywheelError as error:
        return _refused(pattern_id, error)
    except db.LOST:
        # Without the database there is no verdict on anything.
        raise
    except asyncpg.PostgresError as error:
        _log.exception("one of a bulk failed", pattern_id=pattern_id, kind=type(error).__name__)
        return Item(
            pattern_id=pattern_id,
            verdict="failed",
            reason="The server could not write it, and kept nothing of it: decide on it alone.",
        )
    rule_id = None if decision.rule is None else decision.rule.rule_id
    return Item(pattern_id=pattern_id, verdict=decision.decision, rule_id=rule_id)


async def _decide(
    connection: Connection,
    actor: PartnerScope,
    pattern_id: str,
    deed: Approval | Rejection,
    now: dt.datetime,
) -> promote.Decision:
    if isinstance(deed, Rejection):
        return await promote.reject(connection, actor, pattern_id, reason=deed.reason, now=now)
    return await promote.promote(
        connection,
        actor,
        pattern_id,
        name=None,
        notes=deed.notes,
        rule_hash=None,
        deploy_immediately=deed.deploy_immediately,
        signer=deed.signer,
        now=now,
    )


def _done(deed: Approval | Rejection) -> Verdict:
    return "approved" if isinstance(deed, Approval) else "rejected"


def _refused(pattern_id: str, error: errors.FlywheelError) -> Item:
    verdict: Verdict = "failed"
    if isinstance(error, errors.NotFound):
        verdict = "not_found"
    elif isinstance(error, errors.NotEligible):
        verdict = "skipped"
    elif isinstance(error, errors.Conflict):
        verdict = "conflict"
    return Item(pattern_id=pattern_id, verdict=verdict, reason=error.detail)


def _named_twice(pattern_id: str) -> Item:
    return Item(
        pattern_id=pattern_id,
        verdict="skipped",
        reason="It is named above already: see the verdict there.",
    )


def _digest(ids: Sequence[str], deed: Approval | Rejection) -> bytes:
    asked = json.dumps([deed.word, list(ids), deed.asked()], sort_keys=True)
    return hashlib.sha256(asked.encode("ascii")).digest()


def _again(known: promotions.Answered, digest: bytes) -> Outcome:
    if known.digest != digest:
        raise errors.Conflict(
            "This Idempotency-Key came with another request before: send a new key with a new one."
        )
    items: list[dict[str, Any]] = known.answer["items"]
    return Outcome(items=tuple(Item(**item) for item in items), repeated=True)


async def _audit(
    connection: Connection,
    actor: PartnerScope,
    items: Sequence[Item],
    deed: Approval | Rejection,
    digest: bytes,
    now: dt.datetime,
) -> None:
    """Write the entry of the whole; each item has written its own."""
    await audit.record(
        connection,
        actor,
        f"candidates.bulk-{deed.word}",
        object_kind="bulk",
        object_id=digest.hex()[:16],
        now=now,
        after={
            "verdicts": {item.pattern_id: item.verdict for item in reversed(items)},
            "counts": dict(Counter(item.verdict for item in items)),
        }
        | deed.asked(),
        partner_id=actor.partner_id,
    )
