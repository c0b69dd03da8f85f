"""What a later look at a host says about a heal: the best proof there is, for every agent version.

The first look after a heal decides. A scan that lists the same check of the same host as passed
verifies it; one that lists it as failed makes it a failure.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from flywheel_server.fleet.model import checks as fleet_checks, clocks

Source = Literal["scan", "incident"]

# A look that comes later says nothing about this heal: too much may have happened in between.
LOOK_WITHIN = dt.timedelta(hours=24)
# The bundle of the scan that found the fault may be sent after the heal, and lists it as failed. A
# scan takes less, and the next one begins a quarter of an hour later.
SCAN_MAY_TAKE = dt.timedelta(minutes=5)

# Report and execution of one heal come at once, in any order.
REPORTS_APART = dt.timedelta(minutes=1)
# A person put it right: that says nothing for what was tried before.
_BY_A_PERSON = "L3"
# Tiers at which an agent resolves an incident by its own word, right after its own heal.
_OWN_WORDS = frozenset({"", "L1", "L2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One check of one host as it was seen."""

    hostname: str
    incident_type: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a look said of a heal, where it is written down, and when it was."""

    source: Source
    reference: str
    passed: bool
    seen_at: dt.datetime


def looks(checks: object) -> list[Look]:
    """Return what the checks of a bundle say clearly, the worst where one is listed twice."""
    found: dict[tuple[str, str], bool] = {}
    for check in checks if isinstance(checks, list) else []:
        if not isinstance(check, dict):
            continue
        name, host, status = (check.get(key) for key in ("check", "hostname", "status"))
        if not (isinstance(name, str) and isinstance(host, str) and isinstance(status, str)):
            continue
        kind = fleet_checks.kind(status)
        if kind in {"passed", "failed"}:
            key = host.lower(), name
            found[key] = found.get(key, True) and kind == "passed"
    return [
        Look(hostname=host, incident_type=name, passed=passed)
        for (host, name), passed in found.items()
    ]


def looked_at(checked_at: dt.datetime, received_at: dt.datetime) -> dt.datetime:
    """Return when a scan looked, by the clock that its site's executions are filed under."""
    # Such a clock says nothing: what is filed under the time of receipt is compared by that.
    if received_at - checked_at > clocks.MOST_OFF:
        return received_at
    return min(checked_at, received_at)


def room_after_heal(source: Source, *, passed: bool, claimed: bool) -> dt.timedelta:
    """Return how long after a heal a look must come to say something about it.

    A claim has no result of its own that the scan of the moment before could contradict.
    """
    return dt.timedelta() if source == "incident" or passed or claimed else SCAN_MAY_TAKE


def room_after_own_word(tier: str | None) -> dt.timedelta | None:
    """Return how long after a heal an incident must be resolved to prove it; None: it never does.

    An agent's own word comes at once with its heal; what it resolves later, a later scan saw gone.
    """
    word = (tier or "").strip().upper()
    if word == _BY_A_PERSON:
        return None
    return SCAN_MAY_TAKE if word in _OWN_WORDS else dt.timedelta()
