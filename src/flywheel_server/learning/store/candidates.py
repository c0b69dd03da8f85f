"""Candidates: patterns on their way to a decision, with all that a decision rests on."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flywheel_server.core.called import called
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.learning.model import decisions
from flywheel_server.learning.model.promotions import Counts, Runbook, SiteEvidence

_SQL = load("candidates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision on a candidate: who, when, why, and what was known."""

    decision: str
    by: str
    at: dt.datetime
    tier: str
    custom_name: str | None
    notes: str | None
    evidence: dict[str, Any]
    gates: list[dict[str, Any]]
    # The row of the rule it made or joined.
    rule: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsed:
    """A client's word for a candidate."""

    by: str
    at: dt.datetime
    notes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One pattern, its place, its evidence, and what was said and decided about it."""

    id: str
    site_id: UUID
    site_slug: str
    site_name: str
    healing_tier: str
    organization_id: UUID
    organization_name: str
    partner_id: UUID
    hostname: str
    evidence: SiteEvidence
    # The rule that covers it, leaving out the one that approval would join.
    covered_by_other: str | None
    # What its runbook is called.
    runbook_name: str | None
    first_seen_at: dt.datetime
    state: str
    state_changed_at: dt.datetime
    decided: Decided | None
    endorsed: Endorsed | None
    # Of each appliance of the site: where the rule would go.
    agent_versions: tuple[str, ...]

    @property
    def deciding_evidence(self) -> SiteEvidence:
        """Return the evidence by which an approval is judged: sharing a rule is no obstacle."""
        return replace(self.evidence, covered_by=self.covered_by_other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One of the hosts that would share a rule."""

    pattern_id: str
    hostname: str
    counts: Counts
    last_seen_at: dt.datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    """How many candidates are in one state, and how many of them a client endorsed."""

    state: str
    candidates: int
    endorsed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A decision on a candidate, or that it was taken back, with what was known then."""

    what: str
    by: str
    at: dt.datetime
    tier: str
    notes: str | None
    evidence: dict[str, object] | None


async def page(
    connection: Connection,
    *,
    state: str | None,
    site_id: UUID | None,
    endorsed: bool | None,
    least_occurrences: int,
    text: str | None = None,
    before: tuple[dt.datetime, str] | None,
    limit: int,
) -> list[Candidate]:
    """Return candidates, those whose state changed last first.

    ``text`` is looked for in all that lists show of them: types, runbooks with their names, hosts,
    sites, organizations, and what their states are called.
    """
    at, pattern_id = before or (None, None)
    found = await connection.fetch(
        *_SQL["page"](
            state=state,
            site_id=site_id,
            endorsed=endorsed,
            least_occurrences=least_occurrences,
            at=at,
            pattern_id=pattern_id,
            limit=limit,
            text=text,
            called=called(text, decisions.STATES_IN_WORDS),
        )
    )
    ids = [row["id"] for row in found]
    return list((await get(connection, ids, least_occurrences=least_occurrences)).values())


async def get(
    connection: Connection, ids: Sequence[str], *, least_occurrences: int = 0
) -> dict[str, Candidate]:
    """Return patterns by their ids, those that the caller may see; changed last comes first."""
    rows = await connection.fetch(*_SQL["get"](ids=list(ids), least_occurrences=least_occurrences))
    return {row["id"]: _candidate(dict(row)) for row in rows}


async def lock(connection: Connection, ids: Sequence[str]) -> None:
    """Let nobody else decide on these, or mark them, until the end."""
    await connection.fetch(*_SQL["lock"](ids=list(ids)))


async def decide(
    connection: Connection, candidate: Candidate, state: str, now: dt.datetime
) -> None:
    """Give a candidate the state that was decided."""
    await connection.execute(
        *_SQL["decide"](id=candidate.id, site_id=candidate.site_id, state=state, now=now)
    )


async def reopen(
    connection: Connection, candidate: Candidate, state: str, now: dt.datetime
) -> None:
    """Take a rejection back: the candidate follows its gates again."""
    await connection.execute(
        *_SQL["reopen"](id=candidate.id, site_id=candidate.site_id, state=state, now=now)
    )


async def said(connection: Connection, candidate: Candidate) -> list[Said]:
    """Return every decision on a candidate and every reopening, the oldest first."""
    rows = await connection.fetch(*_SQL["said"](site_id=candidate.site_id, id=candidate.id))
    return [Said(**row) for row in rows]


async def mark_due(connection: Connection, site_id: UUID, incident_type: str) -> None:
    """Have the gates of a site's patterns of one type looked at anew: a rule for it changed."""
    await connection.execute(*_SQL["mark_due"](site_id=site_id, incident_type=incident_type))


async def hosts(
    connection: Connection,
    candidate: Candidate,
    *,
    text: str | None,
    after: str | None,
    limit: int,
) -> list[Host]:
    """Return hosts of the site with the same incident type and runbook, by name.

    Those behind ``after`` that have ``text`` in their name.
    """
    evidence = candidate.evidence
    rows = await connection.fetch(
        *_SQL["hosts"](
            site_id=candidate.site_id,
            incident_type=evidence.incident_type,
            runbook_id=evidence.runbook_id,
            after=after,
            text=text,
            limit=limit,
        )
    )
    return [
        Host(
            pattern_id=row["id"],
            hostname=row["hostname"],
            counts=_counts(dict(row)),
            last_seen_at=row["last_seen_at"],
            state=row["state"],
        )
        for row in rows
    ]


async def counted(connection: Connection, least_occurrences: int) -> list[StateCount]:
    """Return how many candidates there are in each state."""
    rows = await connection.fetch(*_SQL["counted"](least_occurrences=least_occurrences))
    return [StateCount(**dict(row)) for row in rows]


def _candidate(row: dict[str, Any]) -> Candidate:
    runbook = (
        None
        if row["platform"] is None
        else Runbook(platform=row["platform"], executable=row["executable"])
    )
    return Candidate(
        id=row["id"],
        site_id=row["site_id"],
        site_slug=row["slug"],
        site_name=row["site_name"],
        healing_tier=row["healing_tier"],
        organization_id=row["organization_id"],
        organization_name=row["organization_name"],
        partner_id=row["partner_id"],
        hostname=row["hostname"],
        evidence=SiteEvidence(
            incident_type=row["incident_type"],
            runbook_id=row["runbook_id"],
            runbook=runbook,
            counts=_counts(row),
            last_seen_at=row["last_seen_at"],
            last_evidence_at=row["last_evidence_at"],
            covered_by=row["covered_by"],
        ),
        covered_by_other=row["covered_by_other"],
        runbook_name=row["runbook_name"],
        first_seen_at=row["first_seen_at"],
        state=row["state"],
        state_changed_at=row["state_changed_at"],
        decided=_decided(row),
        endorsed=None
        if row["endorsed_at"] is None
        else Endorsed(by=row["endorsed_by"], at=row["endorsed_at"], notes=row["endorsed_notes"]),
        agent_versions=tuple(row["agent_versions"]),
    )


def _decided(row: dict[str, Any]) -> Decided | None:
    if row["decision"] is None:
        return None
    return Decided(
        decision=row["decision"],
        by=row["decided_by"],
        at=row["decided_at"],
        tier=row["decided_tier"],
        custom_name=row["custom_name"],
        notes=row["notes"],
        evidence=row["decided_evidence"],
        gates=row["decided_gates"],
        rule=row["decided_rule"],
    )


def _counts(row: dict[str, Any]) -> Counts:
    return Counts(
        successes=row["successes"],
        verified_successes=row["verified_successes"],
        failures=row["failures"],
        not_attempted=row["not_attempted"],
        claimed_successes=row["claimed_successes"],
        claimed_failures=row["claimed_failures"],
        chaos_successes=row["chaos_successes"],
        chaos_failures=row["chaos_failures"],
    )
