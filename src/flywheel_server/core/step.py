"""What a step of the loop is: a name and a function that gets a turn and says what it did."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from flywheel_server.core.db import Connection, Database
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What every step of one turn works with."""

    scope: LoopScope
    settings: Settings
    now: dt.datetime
    # What went wrong though the step goes on: its record says so as it says that a step failed.
    problems: list[str] = field(default_factory=list)


# Returns (rows in, rows out): what it looked at, and what it changed.
Work = Callable[[Connection, Turn], Awaitable[tuple[int, int]]]
# What has to go out over the network: it opens transactions of its own, and asks between them.
Errand = Callable[[Database, Settings], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the loop."""

    name: str
    run: Work
    # What the two numbers that ``run`` returns count, in words for people; None: never any.
    counts: tuple[str | None, str] = ("rows read", "rows changed")
    # Writes tables of its own, and keeps others out of them itself: neighbours that do, too, run at
    # the same time.
    apart: bool = False
    # Run behind all steps of a turn, so that nothing waits in a transaction for somebody afar.
    errand: Errand | None = None
