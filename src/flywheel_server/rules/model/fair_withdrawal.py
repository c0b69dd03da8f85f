"""Whom a failing platform rule is taken from: everybody, or the one tenant that it fails for.

One organization, and one partner where the sites of several run the rule, never takes a rule from
the others: the evidence has to reach the limit without any one of them.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.rules.model import e_detector

_MOST_WEIGHED = 20

Whose = Literal["everybody", "organization", "partner", "nobody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt that counts, and whose it was."""

    organization_id: UUID
    partner_id: UUID
    success: bool
    # Not judged yet.
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Who loses the rule, and the figures of their attempts alone where it is one tenant."""

    whose: Whose
    tenant_id: UUID | None = None
    successes: int = 0
    attempts: int = 0


def judge(attempts: Sequence[Attempt], *, bar: float, limit: float) -> Verdict:
    """Say who loses the rule; nobody, where what counts is no evidence at all."""
    if not _proves(attempts, bar, limit):
        return Verdict(whose="nobody")
    worst = _worst(attempts, _organization, bar, limit)
    if worst is not None:
        return _one(attempts, _organization, "organization", worst)
    if len({each.partner_id for each in attempts}) > 1:
        worst = _worst(attempts, _partner, bar, limit)
        if worst is not None:
            return _one(attempts, _partner, "partner", worst)
    return Verdict(
        whose="everybody", successes=sum(each.success for each in attempts), attempts=len(attempts)
    )


def _worst(
    attempts: Sequence[Attempt], of: Callable[[Attempt], UUID], bar: float, limit: float
) -> UUID | None:
    """Return the tenant without whom there is least evidence, if it is not enough by itself."""
    failures = Counter(of(each) for each in attempts if not each.success)
    # Without those who failed most there is least evidence.
    failing = [tenant for tenant, _ in failures.most_common(_MOST_WEIGHED)]
    without = {
        tenant: _evidence((each for each in attempts if of(each) != tenant), bar, limit)
        for tenant in failing
    }
    worst = min(without, key=lambda tenant: (without[tenant], tenant))
    return worst if without[worst] < limit else None


def _proves(attempts: Iterable[Attempt], bar: float, limit: float) -> bool:
    return _evidence(attempts, bar, limit) >= limit


def _evidence(attempts: Iterable[Attempt], bar: float, limit: float) -> float:
    """Return the detector's value now, or the limit if the fresh attempts reached it in between."""
    known: list[bool] = []
    fresh: list[bool] = []
    for each in attempts:
        (fresh if each.fresh else known).append(each.success)
    past = e_detector.run(e_detector.START, known, bar, math.inf)
    done = e_detector.run(past.numbers, fresh, bar, limit)
    value = e_detector.value(done.numbers, bar)
    return value if done.reached_after is None else max(value, limit)


def _one(
    attempts: Sequence[Attempt], of: Callable[[Attempt], UUID], whose: Whose, tenant: UUID
) -> Verdict:
    own = [each.success for each in attempts if of(each) == tenant]
    return Verdict(whose=whose, tenant_id=tenant, successes=sum(own), attempts=len(own))


def _organization(attempt: Attempt) -> UUID:
    return attempt.organization_id


def _partner(attempt: Attempt) -> UUID:
    return attempt.partner_id
