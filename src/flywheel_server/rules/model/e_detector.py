"""Tells a rule that fails from one that is unlucky, however often one looks.

A Shiryaev-Roberts e-detector: for every rule whose probability of success never falls below the
bar, the expected number of attempts until its value reaches a limit A is at least A; and it sees a
change for the worse after a long good run as fast as a bad start. Source: Shin, Ramdas and Rinaldo,
"E-detectors: a nonparametric framework for sequential change detection", arXiv 2203.03532.

Per rule and per member lambda of the grid one number M, at first 0; each attempt x (1 success,
0 failure), in order, makes it (M + 1) * (1 + lambda * (bar - x)). The value is the mean of the
numbers. Small lambdas see a rule slightly below its bar, large ones a rule that fails outright.
"""

from collections.abc import Iterable
from dataclasses import dataclass

GRID = (0.25, 0.5, 1.0, 2.0, 3.0)
START = (0.0,) * len(GRID)
# A rule that is off may still be reported for ever: the numbers stay finite.
_MOST = 1e300

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a run of attempts made of the numbers."""

    numbers: Numbers
    attempts: int
    successes: int
    # After how many of these attempts the value first reached the limit; None: it did not.
    reached_after: int | None


def members(bar: float) -> tuple[bool, ...]:
    """Say which of the grid hold for this bar: with larger ones a success would turn negative."""
    return tuple(factor * (1 - bar) < 1 for factor in GRID)


def value(numbers: Numbers, bar: float) -> float:
    """Return the evidence that the rule is below the bar."""
    held = [number for number, holds in zip(numbers, members(bar), strict=True) if holds]
    return sum(held) / len(held)


def run(numbers: Numbers, outcomes: Iterable[bool], bar: float, limit: float) -> Progress:
    """Take attempts in their order; return the numbers, and when the limit was reached first."""
    held = members(bar)
    ups = [1 + factor * bar for factor in GRID]
    downs = [1 + factor * (bar - 1) for factor in GRID]
    enough = limit * sum(held)
    now = list(numbers)
    places = [place for place, holds in enumerate(held) if holds]
    attempts = successes = 0
    reached_after = None
    for success in outcomes:
        attempts += 1
        successes += success
        factors = downs if success else ups
        total = 0.0
        for place in places:
            moved = (now[place] + 1) * factors[place]
            if moved > _MOST:  # noqa: PLR1730 - a call of `min` would take as long as all the rest
                moved = _MOST
            now[place] = moved
            total += moved
        if reached_after is None and total >= enough:
            reached_after = attempts
    return Progress(
        numbers=tuple(now), attempts=attempts, successes=successes, reached_after=reached_after
    )
