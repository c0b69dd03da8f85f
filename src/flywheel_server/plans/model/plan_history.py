"""What healed an incident type before, and whether that is evidence enough to do it again.

The nearest tier with good evidence decides; what fails at a site is not proposed there. What healed
elsewhere is told by itself only where it has passed the platform's gates, else a person decides.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from flywheel_server.learning.model import gates, promotions
from flywheel_server.learning.model.promotions import PlatformEvidence
from flywheel_server.plans.model.plans import Planner, Proposal, Runbook
from flywheel_server.policy.model import ORGANIZATIONS_FLOOR, Policy

_MOST_AGE = dt.timedelta(days=90)
_GOOD = 0.8
_LEAST_ATTEMPTS = {"site": 3, "organization": 5}
_LEAST_ELSEWHERE = 20
# The organizations of one partner, who may have invented them, never answer for others.
_LEAST_PARTNERS = 2
_FAILED_ATTEMPTS = 2
_FAILING = 0.5

# Fewer organizations are not even proposed: their counts would tell of one of them.
LEAST_ORGANIZATIONS = ORGANIZATIONS_FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What L2 did with one runbook for an incident type, within a tier."""

    tier: Literal["site", "organization"]
    runbook_id: str
    successes: int
    failures: int
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
        return _confidence(self.successes, self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of an incident type at a site, around it and elsewhere."""

    # With the platform of each runbook.
    near: Sequence[tuple[Evidence, str]]
    elsewhere: Sequence[PlatformEvidence]
    # In force; it says when what healed elsewhere needs no person.
    policy: Policy


def failing(evidence: Iterable[Evidence]) -> frozenset[str]:
    """Return the runbooks that do not heal this incident type at this site."""
    return frozenset(
        each.runbook_id
        for each in evidence
        if each.tier == "site" and each.failures >= _FAILED_ATTEMPTS and each.confidence < _FAILING
    )


def propose(history: History, runbooks: Iterable[Runbook], now: dt.datetime) -> Proposal | None:
    """Return what healed this incident type before, the nearest tier with good evidence first.

    ``runbooks`` are those that fit. Of what healed elsewhere only that which passed the gates.
    """
    fitting = _fitting(history, runbooks)
    for tier, planner in _TIERS:
        good = [
            each
            for each, _ in history.near
            if each.tier == tier and each.runbook_id in fitting and _good(each, now)
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
    found = _elsewhere(history, fitting, now)
    return next((each for each in found if not each.waits), None)


def last_resort(history: History, runbooks: Iterable[Runbook], now: dt.datetime) -> Proposal | None:
    """Return what healed elsewhere without having passed the gates: a person's to decide."""
    found = _elsewhere(history, _fitting(history, runbooks), now)
    return next((each for each in found if each.waits), None)


# A gate's own words may hold the figure of a single organization, which is nobody else's to know.
_WHY = {
    "runbook_executable": "no agent runs its runbook",
    "incident_type_expressible": "its incident type is not plain text",
    "organizations": "too few organizations",
    "partners": "too few partners",
    "occurrences": "too few attempts",
    "success_rate": "too few of them healed",
    "largest_organization_share": "too much of it from one organization",
    "unproven_share": "too much of it was not attempted",
    "no_look_alike": "its incident type is easily taken for another",
    "no_other_built_in": "a built-in rule heals it by another runbook",
    "not_promoted": "its platform rule is switched off, or was taken from this site",
}
_TIERS: tuple[tuple[str, Planner], ...] = (
    ("site", "site_history"),
    ("organization", "organization_history"),
)


def _fitting(history: History, runbooks: Iterable[Runbook]) -> frozenset[str]:
    """Return the runbooks that fit and that nothing at the site speaks against."""
    rejected = {each.runbook_id for each, _ in history.near if each.rejected}
    out = rejected | failing(each for each, _ in history.near)
    return frozenset(each.runbook_id for each in runbooks) - out


def _good(evidence: Evidence, now: dt.datetime) -> bool:
    return (
        evidence.attempts >= _LEAST_ATTEMPTS[evidence.tier]
        and evidence.confidence >= _GOOD
        and _recent(evidence.last_seen_at, now)
    )


def _elsewhere(history: History, fitting: frozenset[str], now: dt.datetime) -> list[Proposal]:
    """Return what is good elsewhere, the best first."""
    found = []
    for each in history.elsewhere:
        attempts, successes = promotions.counted(each.counts, history.policy)
        confidence = _confidence(successes, attempts)
        if (
            each.runbook_id in fitting
            and each.organizations >= LEAST_ORGANIZATIONS
            and attempts >= _LEAST_ELSEWHERE
            and confidence >= _GOOD
            and _recent(each.last_evidence_at, now)
        ):
            found.append((confidence, attempts, each.runbook_id, each, successes))
    return [
        _proposal(each, history.policy, successes, attempts, confidence)
        for confidence, attempts, _, each, successes in sorted(
            found, key=lambda one: one[:3], reverse=True
        )
    ]


def _proposal(
    evidence: PlatformEvidence, policy: Policy, successes: int, attempts: int, confidence: float
) -> Proposal:
    partners = max(_LEAST_PARTNERS, policy.platform_min_partners)
    shut = [
        gate
        for gate in promotions.platform_gates(
            evidence, replace(policy, platform_min_partners=partners)
        )
        if not gate.passed
    ]
    rests = (
        f"{successes} of {attempts} at {evidence.organizations} organizations of "
        f"{evidence.partners} partner{'' if evidence.partners == 1 else 's'}"
    )
    reasoning = f"Healed {rests} before."
    if shut:
        why = ", ".join(_WHY.get(gate.name, gate.name) for gate in shut)
        reasoning += f" A person decides: {why}."
    return Proposal(
        planner="platform_history",
        proposed=evidence.runbook_id,
        confidence=round(confidence, 4),
        reasoning=reasoning,
        basis=f"platform: {rests}"
        + (f"; shut: {', '.join(gates.failing(tuple(shut)))}" if shut else ""),
        waits=bool(shut),
    )


def _confidence(successes: int, attempts: int) -> float:
    return (successes + 1) / (attempts + 2)


def _recent(last_seen_at: dt.datetime | None, now: dt.datetime) -> bool:
    return last_seen_at is not None and now - last_seen_at <= _MOST_AGE
