"""What evidence says over time: the ends of checks by meaning, and clocks that are off."""

import datetime as dt

import pytest

from flywheel_server.evidence.model import evidence_figures as figures
from flywheel_server.fleet.model import checks

NOON = dt.datetime(2026, 2, 24, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("pass", "passed"),
        ("PASS", "passed"),
        ("compliant", "passed"),
        ("fail", "failed"),
        ("non-compliant", "failed"),
        ("warning", "warned"),
        ("skipped", "other"),
        ("", "other"),
    ],
)
def test_the_agents_words_count_by_what_they_mean(status: str, kind: str) -> None:
    assert checks.kind(status) == kind


def test_every_kind_has_its_count() -> None:
    found = figures.by_kind({"pass": 2, "ok": 1, "skipped": 4})

    assert found == {"passed": 3, "warned": 0, "other": 4, "failed": 0}


@pytest.mark.parametrize(
    ("minutes", "clock"), [(6, "ahead"), (5, None), (0, None), (-60, None), (-61, "late")]
)
def test_a_clock_is_told_of_beyond_what_is_usual(minutes: int, clock: str | None) -> None:
    assert figures.clock(NOON + dt.timedelta(minutes=minutes), NOON) == clock
