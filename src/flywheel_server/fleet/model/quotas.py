"""What one site may write: bytes a day of each kind of traffic, and rows of each kind.

Check-ins and orders have no quota: an appliance is always answered.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from flywheel_server.policy.model import Policy

Traffic = Literal["executions", "logs", "evidence", "reports"]
Rows = Literal["hosts", "incident_types", "patterns", "open_incidents", "bundles"]
Kind = Traffic | Rows

TRAFFIC: tuple[Traffic, ...] = get_args(Traffic)
ROWS: tuple[Rows, ...] = get_args(Rows)
# From this share on a quota is an alarm.
NEAR = 0.8
_MIB = 1024 * 1024
WORDS: dict[Kind, str] = {
    "executions": "bytes of executions a day",
    "logs": "bytes of log lines a day",
    "evidence": "bytes of evidence a day",
    "reports": "bytes of incidents and reports a day",
    "hosts": "hosts",
    "incident_types": "incident types",
    "patterns": "patterns",
    "open_incidents": "open incidents",
    "bundles": "evidence bundles a day",
}
# The policy value that an operator raises.
VALUES: dict[Kind, str] = {
    "executions": "quota_mib_per_day",
    "logs": "quota_mib_per_day",
    "evidence": "quota_mib_per_day",
    "reports": "quota_mib_per_day",
    "hosts": "quota_hosts",
    "incident_types": "quota_incident_types",
    "patterns": "quota_patterns",
    "open_incidents": "quota_open_incidents",
    "bundles": "quota_bundles_per_day",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How much of a quota is used."""

    kind: Kind
    used: int
    limit: int

    @property
    def near(self) -> bool:
        """Say whether it is an alarm."""
        return self.used >= NEAR * self.limit

    @property
    def reached(self) -> bool:
        """Say whether nothing more is taken."""
        return self.used >= self.limit


def limit(policy: Policy, kind: Kind) -> int:
    """Return how much of a kind one site may write."""
    value: int = getattr(policy, VALUES[kind])
    return value * _MIB if kind in TRAFFIC else value


def refusal(kind: Kind, most: int) -> str:
    """Say what was reached, and what ends it."""
    when = "Send it tomorrow (UTC)" if kind in TRAFFIC or kind == "bundles" else "Send fewer"
    return (
        f"The site's quota of {most:,} {WORDS[kind]} is reached. {when}, find the appliance that "
        f"writes so much, or ask an operator to raise the policy value `{VALUES[kind]}`."
    )
