"""What remains of a rule that was switched off: that it ran since, and that its file was removed.

An L1 execution that is received after the switch-off and means the rule proves that it still runs.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core import agents

# Without another execution for so long, the alarm ends: the rule may still be there, unused.
QUIET_AFTER = dt.timedelta(days=7)
# What an agent that drops rules may run until its next sync but one.
_DROPS_WITHIN = dt.timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """A switched-off rule on an appliance, or on one of a site's that nobody named."""

    rule: UUID
    rule_id: str
    site_id: UUID
    slug: str
    appliance_id: UUID | None
    wire_id: str | None
    # Of the appliance, or of all that the site has.
    versions: Sequence[str]
    off_at: dt.datetime
    first_received_at: dt.datetime
    last_received_at: dt.datetime
    last_began_at: dt.datetime
    told_at: dt.datetime | None


def withdraws(versions: Sequence[str]) -> bool:
    """Say whether all agents of these versions drop a rule by themselves."""
    return all(agents.of(version).withdraws for version in versions)


def is_alarm(remains: Remains) -> bool:
    """Say whether an execution after the switch-off is more than an agent's last before its sync.

    One that keeps the file runs it for sure. Another one may report late what it did before, and
    may run the rule until it has synced.
    """
    if not withdraws(remains.versions):
        return True
    return remains.last_began_at > remains.off_at + _DROPS_WITHIN
