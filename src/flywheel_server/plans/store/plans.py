"""L2 plans: the evidence they are made from, their records, and what a site spends on them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.fleet.model.appliances import SILENT_AFTER, L2Mode
from flywheel_server.plans.model.plan_history import Evidence
from flywheel_server.plans.model.plans import (
    Asker,
    Incident,
    Planner,
    Proposal,
    Reason,
    Runbook,
    Spent,
    Told,
    Verdict,
)

_SQL = load("plans")


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A plan made for the same incident before."""

    id: UUID
    appliance_id: UUID | None
    mode: L2Mode
    state: str
    planner: Planner | None
    told: Told | None
    reason: Reason | None
    answer: dict[str, Any] | None
    calls: int
    cost_micro_usd: int
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reusable:
    """What a model answered to the same question."""

    id: UUID
    proposed: str | None
    confidence: float
    reasoning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """An enabled rule for the incident type."""

    rule_id: str
    conditions: list[dict[str, Any]]
    severity_filter: list[str] | None
    runbook: Runbook


async def askers(
    connection: Connection, site_id: UUID, bound: UUID | None
) -> list[tuple[UUID, L2Mode, str]]:
    """Return each appliance of a site with its mode and its agent's version."""
    rows = await connection.fetch(
        *_SQL["askers"](site_id=site_id, bound=bound, silent_after=SILENT_AFTER)
    )
    return [(row["id"], row["desired_l2_mode"], row["agent_version"]) for row in rows]


async def lock_incident(connection: Connection, site_id: UUID, incident_id: str) -> None:
    """Let nobody else decide about this incident until the end."""
    await connection.execute(*_SQL["lock_incident"](site_id=site_id, incident_id=incident_id))


async def lock_digest(connection: Connection, site_id: UUID, digest: str) -> None:
    """Let nobody else of this site begin the same question until the end."""
    await connection.execute(*_SQL["lock_digest"](site_id=site_id, digest=digest))


async def newest(
    connection: Connection, site_id: UUID, incident_id: str, since: dt.datetime
) -> Earlier | None:
    """Return the newest plan for an incident, made since then."""
    row = await connection.fetchrow(
        *_SQL["newest"](site_id=site_id, incident_id=incident_id, since=since)
    )
    return None if row is None else Earlier(**dict(row))


async def repeated(connection: Connection, site_id: UUID, id: UUID) -> None:
    """Note that a plan's answer was given once more."""
    await connection.execute(*_SQL["repeated"](site_id=site_id, id=id))


async def under_way(connection: Connection, site_id: UUID, digest: str, since: dt.datetime) -> bool:
    """Say whether a provider is being asked the same for this site."""
    return bool(
        await connection.fetchval(*_SQL["under_way"](site_id=site_id, digest=digest, since=since))
    )


async def reusable(
    connection: Connection,
    site_id: UUID,
    incident: Incident,
    *,
    model: str,
    prompt_version: str,
    cached_since: dt.datetime,
    repeated_since: dt.datetime,
) -> Reusable | None:
    """Return what the model answered to the same question, or about the very incident."""
    row = await connection.fetchrow(
        *_SQL["reusable"](
            site_id=site_id,
            digest=incident.digest,
            incident_type=incident.incident_type,
            incident_id=incident.incident_id,
            model=model,
            prompt_version=prompt_version,
            cached_since=cached_since,
            repeated_since=repeated_since,
        )
    )
    return None if row is None else Reusable(**dict(row))


async def covering(connection: Connection, site_id: UUID, incident_type: str) -> list[Covering]:
    """Return the enabled rules with a runbook that a site gets for an incident type."""
    rows = await connection.fetch(*_SQL["covering"](site_id=site_id, incident_type=incident_type))
    return [
        Covering(
            rule_id=row["rule_id"],
            conditions=row["conditions"],
            severity_filter=row["severity_filter"],
            runbook=_runbook(row),
        )
        for row in rows
    ]


async def catalogue(connection: Connection, platform: str) -> list[Runbook]:
    """Return the runbooks that appliances can execute on a platform."""
    return [_runbook(row) for row in await connection.fetch(*_SQL["catalogue"](platform=platform))]


async def runbook(connection: Connection, runbook_id: str) -> Runbook | None:
    """Return a runbook of the catalogue, executable or not."""
    row = await connection.fetchrow(*_SQL["runbook"](runbook_id=runbook_id))
    return None if row is None else _runbook(row)


async def evidence(
    connection: Connection, site_id: UUID, incident_type: str, *, verified_only: bool
) -> list[tuple[Evidence, str]]:
    """Return what L2 did at a site and around it, by tier and runbook, with its platform."""
    rows = await connection.fetch(
        *_SQL["evidence"](site_id=site_id, incident_type=incident_type, verified_only=verified_only)
    )
    found = []
    for row in rows:
        values = dict(row)
        platform = values.pop("platform")
        found.append((Evidence(**values), platform))
    return found


async def insert(
    connection: Connection,
    site_id: UUID,
    incident: Incident,
    asker: Asker,
    prompt_version: str,
    now: dt.datetime,
) -> UUID:
    """Begin a plan's record; it is decided later, or ended as interrupted."""
    id: UUID = await connection.fetchval(
        *_SQL["insert"](
            site_id=site_id,
            appliance_id=asker.appliance_id,
            incident_id=incident.incident_id,
            incident_type=incident.incident_type,
            hostname=incident.hostname,
            severity=incident.severity,
            platform=incident.platform,
            input=incident.input,
            digest=incident.digest,
            mode=asker.mode,
            agent_version=asker.agent_version,
            prompt_version=prompt_version,
            now=now,
        )
    )
    return id


async def decide(
    connection: Connection,
    site_id: UUID,
    id: UUID,
    *,
    asker: Asker,
    proposal: Proposal,
    verdict: Verdict,
    spent: Spent,
    model: str | None,
    answer: dict[str, Any],
    latency_ms: int,
    now: dt.datetime,
) -> bool:
    """Write what was decided and told; return whether it was still open."""
    done = await connection.fetchval(
        *_SQL["decide"](
            site_id=site_id,
            id=id,
            appliance_id=asker.appliance_id,
            mode=asker.mode,
            agent_version=asker.agent_version,
            planner=proposal.planner,
            basis=proposal.basis,
            model=model,
            calls=spent.calls,
            input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens,
            cost_micro_usd=spent.cost_micro_usd,
            latency_ms=latency_ms,
            proposed=proposal.proposed,
            runbook_id=None if verdict.runbook is None else verdict.runbook.runbook_id,
            confidence=proposal.confidence,
            reasoning=proposal.reasoning,
            told=verdict.told,
            reason=verdict.reason,
            answer=answer,
            now=now,
        )
    )
    return done is not None


async def interrupt(connection: Connection, site_id: UUID, id: UUID, now: dt.datetime) -> None:
    """End a plan whose process left it."""
    await connection.execute(*_SQL["interrupt"](site_id=site_id, id=id, now=now))


async def interrupt_old(connection: Connection, before: dt.datetime, now: dt.datetime) -> int:
    """End every plan that was begun before then and never decided; return how many."""
    done = await connection.execute(*_SQL["interrupt_old"](before=before, now=now))
    return int(done.split()[-1])


async def reserve(
    connection: Connection,
    site_id: UUID,
    day: dt.date,
    *,
    micro_usd: int,
    most_calls: int,
    most_micro_usd: int,
) -> bool:
    """Take one call and its greatest cost out of a site's day; return False when it is used up."""
    calls = await connection.fetchval(
        *_SQL["reserve"](
            site_id=site_id,
            day=day,
            micro_usd=micro_usd,
            most_calls=most_calls,
            most_micro_usd=most_micro_usd,
        )
    )
    return calls is not None


async def reserved(connection: Connection, site_id: UUID, id: UUID, micro_usd: int) -> None:
    """Note on a plan that a call for it is under way."""
    await connection.execute(*_SQL["reserved"](site_id=site_id, id=id, micro_usd=micro_usd))


async def settle(
    connection: Connection, site_id: UUID, day: dt.date, *, reserved: int, spent: int
) -> None:
    """Put what was spent in the place of what was reserved."""
    await connection.execute(
        *_SQL["settle"](site_id=site_id, day=day, reserved=reserved, spent=spent)
    )


async def link_executions(
    connection: Connection, made_since: dt.datetime, executed_since: dt.datetime
) -> int:
    """Record on plans what came of them; return on how many."""
    return len(
        await connection.fetch(
            *_SQL["link_executions"](made_since=made_since, executed_since=executed_since)
        )
    )


async def forget(connection: Connection, before: dt.datetime) -> int:
    """Delete the plans made before then, and budgets as old; return how many plans."""
    return len(await connection.fetch(*_SQL["forget"](before=before)))


def _runbook(row: Any) -> Runbook:
    return Runbook(
        runbook_id=row["runbook_id"],
        name=row["name"],
        platform=row["platform"],
        executable=row["executable"],
    )
