"""Charts by day: heights follow the figures.

Broken on purpose: with a day's share measured by the highest day, the second of these fails.
"""

import datetime as dt

from flywheel_server.web.pages import charts

FIRST = dt.date(2026, 2, 23)
SECOND = dt.date(2026, 2, 24)
FOUND = {FIRST: {"L1": 1, "L2": 3}, SECOND: {"L1": 10, "L2": 10}}


def _heights(*, share: bool) -> list[list[float]]:
    chart = charts.by_day(FOUND, ("L1", "L2"), FIRST, SECOND + dt.timedelta(days=1), share=share)
    return [[part.height for part in bar.parts] for bar in chart.bars]


def test_a_day_is_as_high_as_its_count_beside_the_highest_day() -> None:
    assert _heights(share=False) == [[5, 15], [50, 50], []]


def test_of_shares_every_day_fills_the_chart() -> None:
    assert _heights(share=True) == [[25, 75], [50, 50], []]
