"""Ids that resolve to nothing, and when one that was set aside counts again."""

import datetime as dt
from dataclasses import dataclass

LEAST_GROWTH = 10
# A tenth of what there was.
_GROWTH_PART = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """That an operator said of an id that it can mean nothing."""

    reason: str
    by: str
    at: dt.datetime
    executions: int
    comes_back_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """An id that resolves to no rule and no runbook."""

    reported_id: str
    level: str
    executions: int
    sites: int
    incident_types: list[str]
    last_seen_at: dt.datetime
    set_aside: SetAside | None


def comes_back_at(executions: int) -> int:
    """Return with how many executions an id counts again that is set aside with these."""
    return executions + max(LEAST_GROWTH, -(-executions // _GROWTH_PART))
