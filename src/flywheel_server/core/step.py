"""What a step of the loop is: a name and a function that takes a turn and returns named counts."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
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


# What a step looked at and what it changed, by name: facts_read, patterns_changed.
Counts = Mapping[str, int]
Work = Callable[[Connection, Turn], Awaitable[Counts]]
# What has to go out over the network: it opens transactions of its own, and asks between them.
Errand = Callable[[Database, Settings], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the loop."""

    name: str
    run: Work
    # The count of what ``run`` only looked at; every other one is a change. None: all are changes.
    reads: str | None = None
    # Writes tables of its own, and keeps others out of them itself: neighbours that do, too, run at
    # the same time.
    apart: bool = False
    # Run behind all steps of a turn, so that nothing waits in a transaction for somebody afar.
    errand: Errand | None = None
