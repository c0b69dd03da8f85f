"""Makes candidates of patterns whose gates are open, and takes that back as soon as one shuts."""

import datetime as dt

from flywheel_server.core.db import Connection
from flywheel_server.learning.actions import rule_evidence
from flywheel_server.learning.model import gates, promotions
from flywheel_server.learning.store import patterns
from flywheel_server.learning.store.patterns import Verdict
from flywheel_server.policy.model import Policy
from flywheel_server.webhooks.actions import events

_CHUNK = 5_000
# A decision stays; only undecided patterns follow their gates.
_DECIDED = frozenset({"approved", "rejected"})


async def evaluate(connection: Connection, policy: Policy, now: dt.datetime) -> tuple[int, int]:
    """Look at every pattern whose gates may have changed; return how many, and how many did."""
    looked_at = changed = 0
    approved: list[str] = []
    while chunk := await patterns.due(connection, now, _CHUNK):
        verdicts = [_verdict(pattern, policy, now) for pattern in chunk]
        await patterns.set_verdicts(connection, verdicts, now)
        looked_at += len(chunk)
        approved += [pattern.id for pattern in chunk if pattern.state == "approved"]
        for pattern, verdict in zip(chunk, verdicts, strict=True):
            changed += pattern.state != verdict.state
            if verdict.state == "eligible" != pattern.state:
                await _tell(connection, pattern, now)
    return looked_at, changed + await rule_evidence.review(connection, policy, approved, now)


async def _tell(connection: Connection, pattern: patterns.Pattern, now: dt.datetime) -> None:
    evidence = pattern.evidence
    await events.emit(
        connection,
        "candidate.eligible",
        site_id=pattern.site_id,
        data={
            "pattern_id": pattern.id,
            "incident_type": evidence.incident_type,
            "runbook_id": evidence.runbook_id,
            "hostname": pattern.hostname,
            "successes": evidence.counts.successes,
            "attempts": evidence.counts.occurrences,
        },
        now=now,
    )


def _verdict(pattern: patterns.Pattern, policy: Policy, now: dt.datetime) -> Verdict:
    shut = set(gates.failing(promotions.site_gates(pattern.evidence, policy, now)))
    state = _state(pattern.state, opened=not shut)
    return Verdict(
        id=pattern.id,
        state=state,
        # The only gate that shuts by itself.
        due_at=promotions.recent_until(pattern.evidence, policy) if state == "eligible" else None,
        blocked=not shut.isdisjoint(promotions.BEYOND_EVIDENCE),
    )


def _state(before: str, *, opened: bool) -> str:
    if before in _DECIDED:
        return before
    if opened:
        return "eligible"
    return "observed" if before == "observed" else "withdrawn"
