"""How much time is left, as pages write it: a deadline is never promised longer than it is."""

import datetime as dt

import pytest

from flywheel_server.portal import words

NOON = dt.datetime(2026, 2, 24, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (3 * 3600 + 12 * 60 + 59, "3 h 12 min"),
        (3600, "1 h 0 min"),
        (3599, "59 min"),
        (60, "1 min"),
        (59, "under a minute"),
        (0, "no time"),
        (-5, "no time"),
        (26 * 3600, "1 d 2 h"),
    ],
)
def test_time_left_is_written_in_two_parts_and_rounded_down(seconds: int, written: str) -> None:
    assert words.left(NOON + dt.timedelta(seconds=seconds), NOON) == written


def test_an_age_is_written_alike() -> None:
    assert words.age(NOON - dt.timedelta(hours=50), NOON) == "2 d 2 h"
