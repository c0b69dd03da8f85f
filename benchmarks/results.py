"""What measures hand back: samples of rounds, compared pair by pair."""

import statistics
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One contender in one round: more is better, or less where the unit is a time."""

    value: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a contender's ratio to another shall be: at least or at most."""

    contender: str
    baseline: str
    ratio: float
    at_most: bool = False
    # The other contender's figure divided by this one's, for times that shall be so many times
    # shorter.
    inverse: bool = False


@dataclass(slots=True, kw_only=True)
class Measure:
    """One measure: its contenders' samples, round by round."""

    name: str
    unit: str
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    # Which client made the load, and whatever a reader needs to judge the figures.
    client: str = ""
    notes: list[str] = field(default_factory=list)
    # Limits of single figures: (contender, at most).
    limits: dict[str, float] = field(default_factory=dict)

    def median(self, contender: str) -> float:
        return statistics.median(sample.value for sample in self.samples[contender])

    def ratios(self, goal: Goal) -> list[float]:
        """Return the ratio of each round."""
        pairs = zip(self.samples[goal.contender], self.samples[goal.baseline], strict=True)
        if goal.inverse:
            return [theirs.value / own.value for own, theirs in pairs]
        return [own.value / theirs.value for own, theirs in pairs]


Contender = Callable[[], Awaitable[Sample]]


async def alternate(measure: Measure, contenders: Mapping[str, Contender], rounds: int) -> None:
    """Run the contenders ``rounds`` times, every other time in the opposite order."""
    names = list(contenders)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            sample = await contenders[name]()
            measure.samples.setdefault(name, []).append(sample)
            print(f"    {measure.name}: {name} {sample.value:,.1f} {measure.unit}", flush=True)
