"""The detector's numbers: by hand, and in its promises."""

import math
import random

import pytest
from hypothesis import given, strategies as st

from flywheel_server.rules.model import e_detector

BAR, LIMIT = 0.8, 1_000.0


def _run(outcomes: list[bool], bar: float = BAR, limit: float = LIMIT) -> e_detector.Progress:
    return e_detector.run(e_detector.START, outcomes, bar, limit)


def test_the_numbers_after_two_failures_and_a_success_by_hand() -> None:
    """(0+1)·1.2=1.2 and (1.2+1)·1.2=2.64 and (2.64+1)·0.95=3.458 for the first, and so on."""
    assert _run([False, False]).numbers == pytest.approx((2.64, 3.36, 5.04, 9.36, 14.96))
    assert _run([False, False, True]).numbers == pytest.approx((3.458, 3.924, 4.832, 6.216, 6.384))
    assert e_detector.value(_run([False, False, True]).numbers, BAR) == pytest.approx(4.9628)


def test_a_rule_that_always_fails_is_found_after_seven_attempts() -> None:
    assert _run([False] * 10).reached_after == 7
    assert _run([False] * 6).reached_after is None


def test_a_rule_that_never_fails_stays_far_below_the_limit() -> None:
    done = _run([True] * 100_000)
    assert done.reached_after is None
    # Each number nears (1 - step) / step, the step being lambda times a fifth.
    assert done.numbers == pytest.approx((19, 9, 4, 1.5, 2 / 3))
    assert (done.attempts, done.successes) == (100_000, 100_000)


def test_for_a_low_bar_only_small_lambdas_hold() -> None:
    assert e_detector.members(0.8) == (True, True, True, True, True)
    assert e_detector.members(0.5) == (True, True, True, False, False)
    assert e_detector.members(0.05) == (True, True, True, False, False)
    done = _run([True, False] * 50, bar=0.5)
    assert done.numbers[3:] == (0, 0)
    assert e_detector.value((3, 6, 9, 100, 100), 0.5) == 6


def test_numbers_stay_finite_however_long_a_rule_fails() -> None:
    done = _run([False] * 5_000)
    assert all(math.isfinite(number) for number in done.numbers)
    assert math.isfinite(e_detector.value(done.numbers, BAR))


@given(st.lists(st.booleans(), max_size=200), st.integers(0, 200), st.floats(0.05, 0.99))
def test_taking_attempts_in_two_parts_changes_nothing(
    outcomes: list[bool], cut: int, bar: float
) -> None:
    whole = _run(outcomes, bar)
    first = _run(outcomes[:cut], bar)
    second = e_detector.run(first.numbers, outcomes[cut:], bar, LIMIT)

    assert second.numbers == whole.numbers
    assert first.successes + second.successes == whole.successes == sum(outcomes)
    parts = [first.reached_after, second.reached_after and first.attempts + second.reached_after]
    assert next((each for each in parts if each), None) == whole.reached_after


@given(st.lists(st.booleans(), max_size=200), st.floats(0.05, 0.99))
def test_no_number_is_ever_negative(outcomes: list[bool], bar: float) -> None:
    assert min(_run(outcomes, bar).numbers) >= 0


@given(st.lists(st.booleans(), min_size=1, max_size=100), st.data())
def test_a_failure_in_place_of_a_success_never_lowers_the_value(
    outcomes: list[bool], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(outcomes) - 1))
    better = [*outcomes[:place], True, *outcomes[place + 1 :]]
    worse = [*outcomes[:place], False, *outcomes[place + 1 :]]

    low, high = (e_detector.value(_run(each).numbers, BAR) for each in (better, worse))
    assert high >= low


def test_at_the_bar_itself_false_alarms_come_later_than_the_limit_on_average() -> None:
    """The promise of the source, with a small limit."""
    drawn = random.Random(7)
    lengths = []
    for _ in range(300):
        outcomes = [drawn.random() < BAR for _ in range(2_000)]
        lengths.append(_run(outcomes, limit=50).reached_after or len(outcomes))

    assert sum(lengths) / len(lengths) >= 50
