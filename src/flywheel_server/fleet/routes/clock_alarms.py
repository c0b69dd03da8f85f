"""Clocks that are more than a day off, as parts of alarms; see ``rules.views.alarms``."""

from typing import Any

from flywheel_server.core.db import Connection
from flywheel_server.fleet.store import clock_skews
from flywheel_server.fleet.store.clock_skews import Skewed

_HOUR = 3_600


async def found(connection: Connection, most: int) -> list[dict[str, Any]]:
    """Return an alarm for each clock that is off."""
    return [_alarm(skewed) for skewed in await clock_skews.found(connection, most)]


def words(skew_seconds: int) -> str:
    """Say how far a clock is off, such as "2 days behind"."""
    days, hours = divmod(round(abs(skew_seconds) / _HOUR), 24)
    parts = [f"{days:,} {'day' if days == 1 else 'days'}"]
    parts += [f"{hours} {'hour' if hours == 1 else 'hours'}"] if hours else []
    return f"{' '.join(parts)} {'ahead' if skew_seconds > 0 else 'behind'}"


def _alarm(skewed: Skewed) -> dict[str, Any]:
    who = skewed.wire_id or f"An appliance of {skewed.slug}"
    return {
        "kind": "appliance_clock",
        "since": skewed.since,
        "what": f"The clock of {who} is {words(skewed.skew_seconds)}. What it reports is filed "
        "under the time of receipt.",
        "what_to_do": "Set the appliance's clock and start its time synchronization: the alarm "
        "ends with its next report on time.",
        "site_id": skewed.slug,
        "appliance_id": skewed.wire_id,
    }
