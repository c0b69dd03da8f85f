"""What operators see of L2 plans: decisions, the funnel, reasons and spend."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.executions.model import executions

_SQL = load("plans")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which decisions; None: all."""

    site_id: UUID | None = None
    incident_type: str | None = None
    planner: str | None = None
    told: str | None = None
    reason: str | None = None
    mode: str | None = None
    runbook_id: str | None = None
    # Only those that were to be executed and were never reported since this moment.
    unreported_before: dt.datetime | None = None
    # Part of the incident, the host, the runbook or the site.
    text: str | None = None
    since: dt.datetime | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One decision, whole."""

    id: UUID
    site_id: UUID
    slug: str
    wire_id: str | None
    incident_id: str
    incident_type: str
    hostname: str
    severity: str
    platform: str | None
    input: dict[str, Any]
    digest: str
    mode: str
    agent_version: str
    state: str
    planner: str | None
    basis: str | None
    model: str | None
    prompt_version: str
    calls: int
    input_tokens: int | None
    output_tokens: int | None
    cost_micro_usd: int
    latency_ms: int | None
    proposed: str | None
    runbook_id: str | None
    confidence: float | None
    reasoning: str
    told: str | None
    reason: str | None
    answer: dict[str, Any] | None
    repeats: int
    created_at: dt.datetime
    decided_at: dt.datetime | None
    execution_id: str | None
    executed_at: dt.datetime | None
    outcome: str | None
    standing: str | None
    verified: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """What became of the decisions of a window."""

    decisions: int
    planned: int
    told_to_execute: int
    sent_for_approval: int
    escalated: int
    executed: int
    healed: int
    verified: int
    not_attempted: int
    claimed: int
    unreported: int
    repeats: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    waiting: int
    approved: int
    rejected: int
    expired: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many decisions of a window came from a planner and ended in the same way."""

    planner: str
    told: str
    reason: str | None
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What was spent on a day (UTC)."""

    day: dt.date
    calls: int
    micro_usd: int
    sites: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How plans stand now."""

    waiting: int
    unreported: int
    spent_today: int


async def page(
    connection: Connection, filters: Filters, *, before: UUID | None = None, limit: int
) -> list[Plan]:
    """Return decisions, the newest first, those behind ``before``."""
    rows = await connection.fetch(
        *_SQL["page"](
            before=before,
            site_id=filters.site_id,
            incident_type=filters.incident_type,
            planner=filters.planner,
            told=filters.told,
            reason=filters.reason,
            mode=filters.mode,
            runbook_id=filters.runbook_id,
            unreported=filters.unreported_before is not None,
            unreported_before=filters.unreported_before,
            text=filters.text,
            since=filters.since,
            id=filters.id,
            limit=limit,
        )
    )
    return [Plan(**dict(row) | executions.outward(row["outcome"], row["verified"])) for row in rows]


async def funnel(
    connection: Connection,
    *,
    since: dt.datetime,
    until: dt.datetime,
    unreported_before: dt.datetime,
    site_id: UUID | None,
) -> Funnel:
    """Return what became of the decisions of a window."""
    row = await connection.fetchrow(
        *_SQL["funnel"](
            since=since, until=until, unreported_before=unreported_before, site_id=site_id
        )
    )
    if row is None:
        raise LookupError("an aggregate has a row")
    return Funnel(**dict(row))


async def reasons(
    connection: Connection, *, since: dt.datetime, until: dt.datetime, site_id: UUID | None
) -> Sequence[Count]:
    """Return how the decisions of a window ended, the most frequent first."""
    rows = await connection.fetch(*_SQL["reasons"](since=since, until=until, site_id=site_id))
    return [Count(**dict(row)) for row in rows]


async def spent(connection: Connection, *, since: dt.date, site_id: UUID | None) -> Sequence[Day]:
    """Return the spend of each day since then, with what calls under way have reserved."""
    rows = await connection.fetch(*_SQL["spent"](since=since, site_id=site_id))
    return [Day(**dict(row)) for row in rows]


async def standing(
    connection: Connection,
    now: dt.datetime,
    *,
    unreported_before: dt.datetime,
    made_since: dt.datetime,
) -> Standing:
    """Return the figures of this moment."""
    row = await connection.fetchrow(
        *_SQL["standing"](now=now, unreported_before=unreported_before, made_since=made_since)
    )
    if row is None:
        raise LookupError("an aggregate has a row")
    return Standing(**dict(row))
