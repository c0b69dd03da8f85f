"""The geometry of charts: bars by day. Templates draw and label them.

Every chart has its figures beside it as a table; the drawing alone says nothing that they do not.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 100
STEP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a day's bar; ``kind`` names its colour."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A day: its values by kind, and the parts that stand on one another."""

    day: dt.date
    x: int
    values: dict[str, int]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars of whole days, empty ones too."""

    bars: tuple[Bar, ...]
    most: int
    width: int
    height: int = HEIGHT


def by_day(
    found: dict[dt.date, dict[str, int]],
    kinds: Sequence[str],
    since: dt.date,
    until: dt.date,
    *,
    share: bool = False,
) -> Chart:
    """Return the chart of all days between two, the last one included.

    With ``share`` every day is as high as the chart: its parts show what share each kind has.
    """
    count = (until - since).days + 1
    days = [since + dt.timedelta(days=number) for number in range(count)]
    most = max((sum(values.values()) for values in found.values()), default=0)
    bars = tuple(
        Bar(
            day=day,
            x=place * STEP,
            values={kind: found.get(day, {}).get(kind, 0) for kind in kinds},
            parts=_parts(found.get(day, {}), kinds, 0 if share else most),
        )
        for place, day in enumerate(days)
    )
    return Chart(bars=bars, most=most, width=count * STEP)


def _parts(values: dict[str, int], kinds: Sequence[str], most: int) -> tuple[Part, ...]:
    """Return a day's parts, measured by the highest day, or by itself where ``most`` is 0."""
    parts, top = [], float(HEIGHT)
    whole = most or sum(values.values())
    for kind in kinds:
        if values.get(kind, 0):
            height = round(HEIGHT * values[kind] / whole, 2)
            top = round(top - height, 2)
            parts.append(Part(kind=kind, y=max(top, 0), height=height))
    return tuple(parts)
