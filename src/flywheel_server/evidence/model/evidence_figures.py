"""What evidence says over time: how checks ended, where nothing came, whose clock is off.

The words with which checks ended are always shown beside what they count as.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from flywheel_server.fleet.model import checks
from flywheel_server.fleet.model.checks import CheckKind

CHECK_KINDS: tuple[CheckKind, ...] = ("passed", "warned", "other", "failed")
Clock = Literal["ahead", "late"]

# Agents send a bundle every quarter of an hour, or at least every hour: three missed are a gap.
GAP = dt.timedelta(hours=3)
# A bundle from the future has a clock that is wrong; one from the past may just have been held up.
AHEAD = dt.timedelta(minutes=5)
LATE = dt.timedelta(hours=1)


def by_kind(results: Mapping[str, int]) -> dict[CheckKind, int]:
    """Return counts of statuses as counts of kinds, every kind with its own."""
    counted: dict[CheckKind, int] = dict.fromkeys(CHECK_KINDS, 0)
    for status, count in results.items():
        counted[checks.kind(status)] += count
    return counted


def clock(checked_at: dt.datetime, received_at: dt.datetime) -> Clock | None:
    """Return how an appliance's time differs from ours: ``ahead``, ``late``, or not worth telling.

    ``late`` is a clock that is behind, or evidence that was held up on its way.
    """
    if checked_at - received_at > AHEAD:
        return "ahead"
    return "late" if received_at - checked_at > LATE else None
