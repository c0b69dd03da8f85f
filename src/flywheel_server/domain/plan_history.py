"""What healed an incident type before, and whether that is evidence enough to do it again.

The nearest tier with good evidence decides; what fails at a site is not proposed there.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from flywheel_server.domain.plans import Planner, Proposal, Runbook

_MOST_AGE = dt.timedelta(days=90)
_GOOD = 0.8
_LEAST_ORGANIZATIONS = 3
_LEAST_ATTEMPTS = {"site": 3, "organization": 5, "platform": 20}
_FAILED_ATTEMPTS = 2
_FAILING = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What L2 did with one runbook for an incident type, within a tier."""

    tier: Literal["site", "organization", "platform"]
    runbook_id: str
    successes: int
    failures: int
    organizations: int
    last_seen_at: dt.datetime | None
    # A person rejected it as a rule at this site.
    rejected: bool

    @property
    def attempts(self) -> int:
        """Successes and failures."""
        return self.successes + self.failures

    @property
    def confidence(self) -> float:
        """The share that healed, as if one more had healed and one more had not."""
        return (self.successes + 1) / (self.attempts + 2)


def failing(evidence: Iterable[Evidence]) -> frozenset[str]:
    """Return the runbooks that do not heal this incident type at this site."""
    return frozenset(
        each.runbook_id
        for each in evidence
        if each.tier == "site" and each.failures >= _FAILED_ATTEMPTS and each.confidence < _FAILING
    )


def propose(
    evidence: Sequence[Evidence], runbooks: Iterable[Runbook], now: dt.datetime
) -> Proposal | None:
    """Return what healed this incident type before, the nearest tier with good evidence first.

    ``runbooks`` are those that fit. Platform counts are counts of three organizations at least.
    """
    fitting = {each.runbook_id for each in runbooks}
    out = failing(evidence) | {
        each.runbook_id for each in evidence if each.tier == "site" and each.rejected
    }
    for tier, planner in _TIERS:
        good = [
            each
            for each in evidence
            if each.tier == tier and each.runbook_id in fitting - out and _good(each, now)
        ]
        if good:
            best = max(good, key=lambda each: (each.confidence, each.attempts, each.runbook_id))
            return Proposal(
                planner=planner,
                proposed=best.runbook_id,
                confidence=round(best.confidence, 4),
                reasoning=f"Healed {best.successes} of {best.attempts} before ({tier}).",
                basis=f"{tier}: {best.successes} of {best.attempts}",
            )
    return None


_TIERS: tuple[tuple[str, Planner], ...] = (
    ("site", "site_history"),
    ("organization", "organization_history"),
    ("platform", "platform_history"),
)


def _good(evidence: Evidence, now: dt.datetime) -> bool:
    return (
        evidence.attempts >= _LEAST_ATTEMPTS[evidence.tier]
        and evidence.confidence >= _GOOD
        and evidence.last_seen_at is not None
        and now - evidence.last_seen_at <= _MOST_AGE
        and (evidence.tier != "platform" or evidence.organizations >= _LEAST_ORGANIZATIONS)
    )
