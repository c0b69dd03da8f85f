"""Patterns: what L2 did, by (site, incident type, runbook, host), and across the platform."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection, Record
from flywheel_server.core.sql import load
from flywheel_server.learning.model.promotions import (
    Counts,
    PlatformEvidence,
    Runbook,
    SiteEvidence,
)
from flywheel_server.learning.model.unresolved import SetAside, Unresolved
from flywheel_server.policy.model import Policy

_SQL = load("patterns")
_SET_ASIDE = ("reason", "set_aside_by", "set_aside_at", "had", "comes_back_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One pattern of one site, with its evidence."""

    id: str
    site_id: UUID
    site_slug: str
    hostname: str
    evidence: SiteEvidence
    first_seen_at: dt.datetime
    state: str
    state_changed_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What evaluating a pattern's gates came to."""

    id: str
    state: str
    # When they are evaluated next though nothing happens; None: never.
    due_at: dt.datetime | None
    # A gate is shut that no evidence opens.
    blocked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformPattern:
    """One (incident type, runbook) over all contributing organizations: counts only."""

    id: UUID
    sites: int
    organizations: int
    # Everything ever counted, and what counts since the pair's rule was last withdrawn.
    total: Counts
    evidence: PlatformEvidence
    counted_from: dt.datetime | None
    first_seen_at: dt.datetime | None
    last_seen_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What a pair has shown across the platform until this moment, as a plan may know it."""

    evidence: PlatformEvidence
    counted_from: dt.datetime | None


async def page(
    connection: Connection,
    *,
    after: str,
    site: str | None,
    incident_type: str | None,
    runbook_id: str | None,
    state: str | None,
    limit: int,
) -> list[Pattern]:
    """Return patterns in the order of their ids, those after ``after``."""
    rows = await connection.fetch(
        *_SQL["page"](
            after=after,
            site=site,
            incident_type=incident_type,
            runbook_id=runbook_id,
            state=state,
            limit=limit,
        )
    )
    return [_pattern(dict(row)) for row in rows]


async def due(connection: Connection, now: dt.datetime, limit: int) -> list[Pattern]:
    """Hold and return patterns whose gates are to be evaluated, those marked first."""
    held = await connection.fetch(*_SQL["lock_due"](now=now, limit=limit))
    rows = await connection.fetch(*_SQL["due"](ids=[row["id"] for row in held]))
    return [_pattern(dict(row)) for row in rows]


async def by_ids(connection: Connection, ids: Collection[str]) -> dict[str, Pattern]:
    """Return patterns by their ids."""
    rows = await connection.fetch(*_SQL["due"](ids=list(ids)))
    return {row["id"]: _pattern(dict(row)) for row in rows}


async def set_verdicts(
    connection: Connection, verdicts: Sequence[Verdict], now: dt.datetime
) -> None:
    """Note what evaluating the gates of each pattern came to."""
    await connection.execute(
        *_SQL["set_verdicts"](
            ids=[each.id for each in verdicts],
            states=[each.state for each in verdicts],
            due_at=[each.due_at for each in verdicts],
            blocked=[each.blocked for each in verdicts],
            now=now,
        )
    )


async def platform_page(
    connection: Connection,
    *,
    after: tuple[str, str],
    incident_type: str | None,
    runbook_id: str | None,
    text: str | None = None,
    standing: str | None = None,
    limit: int,
) -> list[PlatformPattern]:
    """Return platform patterns in the order of (incident type, runbook).

    ``text`` is looked for in both; ``standing`` is ``open``, ``promoted`` or ``barred``.
    """
    after_type, after_runbook = after
    rows = await connection.fetch(
        *_SQL["platform_page"](
            after_type=after_type,
            after_runbook=after_runbook,
            incident_type=incident_type,
            runbook_id=runbook_id,
            limit=limit,
            text=text,
            standing=standing,
        )
    )
    return [_platform_pattern(dict(row)) for row in rows]


async def platform_closest(
    connection: Connection,
    policy: Policy,
    *,
    after: tuple[float, str, str] | None,
    incident_type: str | None,
    runbook_id: str | None,
    text: str | None,
    standing: str | None,
    limit: int,
) -> list[tuple[float, PlatformPattern]]:
    """Return platform patterns with their nearness to a rule, the nearest first."""
    after_nearness, after_type, after_runbook = after or (None, None, None)
    rows = await connection.fetch(
        *_SQL["platform_closest"](
            after_nearness=after_nearness,
            after_type=after_type,
            after_runbook=after_runbook,
            incident_type=incident_type,
            runbook_id=runbook_id,
            text=text,
            organizations=float(policy.platform_min_organizations),
            occurrences=float(policy.platform_min_occurrences),
            success_rate=float(policy.platform_min_success_rate),
            learn_from_chaos=policy.learn_from_chaos,
            require_verified=policy.require_verified,
            limit=limit,
            standing=standing,
        )
    )
    return [(row["nearness"], _platform_pattern(dict(row))) for row in rows]


async def platform_elsewhere(
    connection: Connection, incident_type: str, least_organizations: int
) -> list[Elsewhere]:
    """Return what at least so many organizations did for an incident type, folded or not yet."""
    rows = await connection.fetch(
        *_SQL["platform_elsewhere"](
            incident_type=incident_type, least_organizations=least_organizations
        )
    )
    return [
        Elsewhere(evidence=_platform_evidence(row), counted_from=row["counted_from"])
        for row in map(dict, rows)
    ]


async def platform_get(connection: Connection, id: UUID) -> PlatformPattern | None:
    """Return the platform pattern of one pair."""
    row = await connection.fetchrow(*_SQL["platform_get"](id=id))
    return None if row is None else _platform_pattern(dict(row))


async def approve_pair(
    connection: Connection, id: UUID, approved_by: str, reason: str, now: dt.datetime
) -> bool:
    """Keep an operator's word for a pair; False where one holds already."""
    done = await connection.fetchval(
        *_SQL["approve_pair"](id=id, approved_by=approved_by, now=now, reason=reason)
    )
    return done is not None


async def own_look_alike(connection: Connection, site_id: UUID, incident_type: str) -> str | None:
    """Return another type of a site, or of the platform's rules, that this one looks like."""
    found: str | None = await connection.fetchval(
        *_SQL["own_look_alike"](site_id=site_id, incident_type=incident_type)
    )
    return found


async def platform_due(
    connection: Connection, least_organizations: int, least_occurrences: int
) -> list[PlatformPattern]:
    """Return the platform patterns without a living rule that may have earned one.

    Without the share of the largest organization: ask ``platform_get`` for it.
    """
    rows = await connection.fetch(
        *_SQL["platform_due"](
            least_organizations=least_organizations, least_occurrences=least_occurrences
        )
    )
    return [_platform_pattern(dict(row)) for row in rows]


async def generation(connection: Connection, incident_type: str, runbook_id: str) -> int:
    """Return which platform rule for this pair the next one is, from 1."""
    return int(
        await connection.fetchval(
            *_SQL["generation"](incident_type=incident_type, runbook_id=runbook_id)
        )
    )


async def unresolved(
    connection: Connection,
    after: tuple[int, str, str] | None,
    *,
    text: str | None,
    set_aside: bool | None,
    limit: int,
) -> list[Unresolved]:
    """Return the ids that teach nothing, those with most executions first.

    Those that count, or those that are set aside and have not grown since; None: both.
    """
    after_executions, after_id, after_level = after or (None, None, None)
    rows = await connection.fetch(
        *_SQL["unresolved"](
            after_executions=after_executions,
            after_id=after_id,
            after_level=after_level,
            text=text,
            limit=limit,
            set_aside=set_aside,
            reported_id=None,
            level=None,
        )
    )
    return [_unresolved(row) for row in rows]


async def unresolved_id(connection: Connection, reported_id: str, level: str) -> Unresolved | None:
    """Return one of them, or None where nothing is kept under it."""
    row = await connection.fetchrow(
        *_SQL["unresolved"](
            after_executions=None,
            after_id=None,
            after_level=None,
            text=None,
            limit=1,
            set_aside=None,
            reported_id=reported_id,
            level=level,
        )
    )
    return None if row is None else _unresolved(row)


async def unresolved_total(connection: Connection) -> int:
    """Return how many executions are kept unresolved, those set aside included."""
    return int(await connection.fetchval(*_SQL["unresolved_total"]()))


def _unresolved(row: Record) -> Unresolved:
    values = dict(row)
    aside = [values.pop(name) for name in _SET_ASIDE]
    return Unresolved(
        **values,
        set_aside=None
        if aside[0] is None
        else SetAside(
            reason=aside[0], by=aside[1], at=aside[2], executions=aside[3], comes_back_at=aside[4]
        ),
    )


def _pattern(row: dict[str, Any]) -> Pattern:
    return Pattern(
        id=row["id"],
        site_id=row["site_id"],
        site_slug=row["slug"],
        hostname=row["hostname"],
        evidence=SiteEvidence(
            incident_type=row["incident_type"],
            runbook_id=row["runbook_id"],
            runbook=_runbook(row),
            counts=_counts(row, ""),
            last_seen_at=row["last_seen_at"],
            last_evidence_at=row["last_evidence_at"],
            covered_by=row["covered_by"],
        ),
        first_seen_at=row["first_seen_at"],
        state=row["state"],
        state_changed_at=row["state_changed_at"],
    )


def _platform_pattern(row: dict[str, Any]) -> PlatformPattern:
    return PlatformPattern(
        id=row["id"],
        sites=row["sites"],
        organizations=row["organizations"],
        total=_counts(row, ""),
        evidence=_platform_evidence(row),
        counted_from=row["counted_from"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
    )


def _platform_evidence(row: dict[str, Any]) -> PlatformEvidence:
    return PlatformEvidence(
        incident_type=row["incident_type"],
        runbook_id=row["runbook_id"],
        runbook=_runbook(row),
        counts=_counts(row, "since_"),
        organizations=row["since_organizations"],
        organizations_with_chaos=row["since_chaos_organizations"],
        largest_organization=row["since_largest_organization"],
        partners=row["since_partners"],
        look_alike=row["look_alike"],
        built_in=row["built_in"],
        approved_by=row["approved_by"],
        last_evidence_at=row["last_evidence_at"],
        living_rule=row["living_rule"],
    )


def _runbook(row: dict[str, Any]) -> Runbook | None:
    if row["platform"] is None:
        return None
    return Runbook(platform=row["platform"], executable=row["executable"])


def _counts(row: dict[str, Any], prefix: str) -> Counts:
    return Counts(
        successes=row[f"{prefix}successes"],
        verified_successes=row[f"{prefix}verified_successes"],
        failures=row[f"{prefix}failures"],
        not_attempted=row["not_attempted"],
        claimed_successes=row["claimed_successes"],
        claimed_failures=row["claimed_failures"],
        chaos_successes=row[f"{prefix}chaos_successes"],
        chaos_failures=row[f"{prefix}chaos_failures"],
    )
