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


@pytest.mark.parametrize(
    ("user_agent", "written"),
    [
        (
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Safari/537.36"
            ),
            "Chrome on Linux",
        ),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
            ),
            "Edge on Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        ("Firefox/140.0", "Firefox"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("", "unknown"),
    ],
)
def test_a_browser_is_told_by_its_name_and_system(user_agent: str, written: str) -> None:
    assert words.browser(user_agent) == written


def test_a_share_never_parts_from_its_sign() -> None:
    assert words.rate(46, 50) == "46 of 50 (92\N{NO-BREAK SPACE}%)"
