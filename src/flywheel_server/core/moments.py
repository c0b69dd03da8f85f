"""Times as appliances write them: RFC 3339, in either agent's manner. Everything kept is UTC.

A clock that was never set says 1970, and Go's unset time is the year 1: both mean "no time".
"""

import datetime as dt
import re

_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_FIRST_BELIEVABLE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
MOST_AHEAD = dt.timedelta(days=1)


def parse(text: str) -> dt.datetime | None:
    """Return the moment in UTC (also without an offset), None for "no time". Raises ValueError."""
    if not _FORM.fullmatch(text):
        raise ValueError("write a time like 2026-02-24T10:00:00Z (RFC 3339)")
    try:
        return ever_set(dt.datetime.fromisoformat(text.upper()))
    except OverflowError as error:
        raise ValueError("the time is outside the calendar") from error


def ever_set(moment: dt.datetime) -> dt.datetime | None:
    """Return a time in UTC (also without an offset), None for one that was never set.

    Raises OverflowError for one that UTC's calendar does not have.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return None if moment < _FIRST_BELIEVABLE else moment.astimezone(dt.UTC)


def too_far_ahead(moment: dt.datetime | None, now: dt.datetime) -> bool:
    """Say whether a reported time is impossible: clocks may run a day ahead, no more."""
    return moment is not None and moment > now + MOST_AHEAD


def believable(moment: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """Return a reported time, or when it was received where that is unknown or impossible."""
    return now if moment is None or too_far_ahead(moment, now) else moment
