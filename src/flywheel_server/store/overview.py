"""The flywheel at a glance: how much came in, at which level, and what it has taught so far."""

import datetime as dt
from dataclasses import dataclass

from flywheel_server.db import Connection
from flywheel_server.sql import load

_SQL = load("overview")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Counts of the whole platform. ``folded`` is what the loop has taken so far."""

    patterns: int
    eligible: int
    platform_rules: int
    l1_folded: int
    l1_unresolved: int
    l2_folded: int
    l1_recent: int
    l2_recent: int
    l3_recent: int


async def get(connection: Connection, since: dt.datetime) -> Overview:
    """Return the counts; the recent ones are of what was received from ``since`` on."""
    totals = await connection.fetchrow(_SQL["totals"])
    recent = await connection.fetchrow(_SQL["recent"], since)
    assert totals is not None  # noqa: S101 - an aggregate always has its one row
    assert recent is not None  # noqa: S101 - the same
    return Overview(
        patterns=totals["patterns"],
        eligible=totals["eligible"],
        platform_rules=totals["platform_rules"],
        l1_folded=totals["l1_folded"],
        l1_unresolved=totals["l1_unresolved"],
        l2_folded=totals["l2_folded"],
        l1_recent=recent["l1"],
        l2_recent=recent["l2"],
        l3_recent=recent["l3"],
    )
