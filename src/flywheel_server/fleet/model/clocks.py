"""The clocks of appliances: what is filed under the time of receipt, and how far a clock is off.

Nothing is rejected for its time. More than a day ahead is impossible; more than a day behind says
that a clock is slow only where something is sent at once, since agents queue what cannot be sent.
"""

import datetime as dt
from collections.abc import Iterable

from flywheel_server.core import moments

MOST_OFF = moments.MOST_AHEAD


def off(sent_at: dt.datetime | None, now: dt.datetime) -> dt.timedelta | None:
    """Return how far ahead (behind: negative) a clock is; None for one that is right or unset."""
    if sent_at is None:
        return None
    skew = sent_at - now
    return skew if abs(skew) > MOST_OFF else None


def filed_at(
    own: Iterable[dt.datetime], sent_at: dt.datetime | None, now: dt.datetime
) -> tuple[dt.datetime | None, dt.timedelta | None]:
    """Return when something happened (None: when it was received), and how far the clock is off.

    ``own`` are the times of what is reported, the best first. Without any, it was sent as soon as
    it happened, and a time long ago is a slow clock.
    """
    told = list(own)
    given = [*told, *([] if sent_at is None else [sent_at])]
    skews = [off(each, now) for each in given]
    ahead = next((skew for skew in skews if skew is not None and skew > MOST_OFF), None)
    if ahead is not None:
        return None, ahead
    if not told and skews and skews[0] is not None:
        return None, skews[0]
    return (given[0] if given else None), None
