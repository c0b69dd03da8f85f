"""Makes candidates of patterns whose gates are open, and takes that back as soon as one shuts."""

import datetime as dt

from flywheel_server.actions import events
from flywheel_server.db import Connection
from flywheel_server.domain import gates, promotions
from flywheel_server.domain.policy import Policy
from flywheel_server.store import patterns

_CHUNK = 5_000
# A decision stays; only undecided patterns follow their gates.
_DECIDED = frozenset({"approved", "rejected"})


async def evaluate(connection: Connection, policy: Policy, now: dt.datetime) -> tuple[int, int]:
    """Look at every pattern whose gates may have changed; return how many, and how many did."""
    unseen_since = now - dt.timedelta(days=policy.site_max_age_days)
    looked_at = changed = 0
    after = ""
    while chunk := await patterns.due(connection, after, unseen_since, _CHUNK):
        states = [(pattern.id, _state(pattern, policy, now)) for pattern in chunk]
        await patterns.set_states(connection, states, now)
        looked_at += len(chunk)
        changed += sum(
            pattern.state != state for pattern, (_, state) in zip(chunk, states, strict=True)
        )
        for pattern, (_, state) in zip(chunk, states, strict=True):
            if state == "eligible" != pattern.state:
                await _tell(connection, pattern, now)
        after = chunk[-1].id
    return looked_at, changed


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


def _state(pattern: patterns.Pattern, policy: Policy, now: dt.datetime) -> str:
    if pattern.state in _DECIDED:
        return pattern.state
    if not gates.failing(promotions.site_gates(pattern.evidence, policy, now)):
        return "eligible"
    return "observed" if pattern.state == "observed" else "withdrawn"
