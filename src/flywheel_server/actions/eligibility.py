"""Makes candidates of patterns whose gates are open, and takes that back as soon as one shuts."""

import datetime as dt

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
        after = chunk[-1].id
    return looked_at, changed


def _state(pattern: patterns.Pattern, policy: Policy, now: dt.datetime) -> str:
    if pattern.state in _DECIDED:
        return pattern.state
    if not gates.failing(promotions.site_gates(pattern.evidence, policy, now)):
        return "eligible"
    return "observed" if pattern.state == "observed" else "withdrawn"
