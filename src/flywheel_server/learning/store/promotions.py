"""Decisions on candidates, endorsements, what became of them, and answers kept for repeats."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core import constraints, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules as stored_rules

_SQL = load("promotions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One decision before it is stored."""

    tier: str
    decision: str
    # None for the platform's own, which are about a pair.
    site_id: UUID | None
    pattern_id: str | None
    incident_type: str
    runbook_id: str
    rule: UUID | None
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    decided_at: dt.datetime
    custom_name: str | None
    notes: str | None
    deploy_immediately: bool
    evidence: dict[str, object]
    gates: list[dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a promoted rule comes from: its site, and the first decision for it."""

    id: UUID
    site_id: UUID
    slug: str
    site_name: str
    # None for a rule whose decision is older than these records.
    promotion_id: UUID | None
    pattern_id: str | None
    hostname: str | None
    custom_name: str | None
    notes: str | None
    tier: str | None
    actor_name: str | None
    decided_at: dt.datetime | None
    # How many candidates share it.
    hosts: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How many promoted rules there are, and what they did since they were made."""

    rules: int
    enabled: int
    withdrawn: int
    successes: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a request that came before was answered."""

    digest: bytes
    answer: dict[str, Any]


async def insert(connection: Connection, record: Record) -> UUID:
    """Keep a decision. Raises Conflict for a candidate that has one."""
    decided = errors.Conflict("This candidate was decided just now: look at it again.")
    with constraints.told(promotions_one_decision_key=decided):
        promotion_id: UUID = await connection.fetchval(
            *_SQL["insert"](
                tier=record.tier,
                decision=record.decision,
                site_id=record.site_id,
                pattern_id=record.pattern_id,
                incident_type=record.incident_type,
                runbook_id=record.runbook_id,
                rule=record.rule,
                actor_kind=record.actor_kind,
                actor_id=record.actor_id,
                actor_name=record.actor_name,
                decided_at=record.decided_at,
                custom_name=record.custom_name,
                notes=record.notes,
                deploy_immediately=record.deploy_immediately,
                evidence=record.evidence,
                gates=record.gates,
            )
        )
    return promotion_id


async def site_rule(
    connection: Connection, site_id: UUID, incident_type: str, runbook_id: str
) -> Rule | None:
    """Return the enabled rule that a site's hosts share for a pair."""
    found = await connection.fetchval(
        *_SQL["site_rule"](site_id=site_id, incident_type=incident_type, runbook_id=runbook_id)
    )
    return None if found is None else await stored_rules.get(connection, found)


async def site_generation(
    connection: Connection, site_id: UUID, incident_type: str, runbook_id: str
) -> int:
    """Return which rule of the site for this pair the next one is, from 1."""
    return int(
        await connection.fetchval(
            *_SQL["site_generation"](
                site_id=site_id, incident_type=incident_type, runbook_id=runbook_id
            )
        )
    )


async def endorse(
    connection: Connection,
    *,
    site_id: UUID,
    pattern_id: str,
    actor_id: UUID,
    actor_name: str,
    notes: str | None,
    now: dt.datetime,
) -> bool:
    """Keep a client's word for a candidate; False when it was given before."""
    made = await connection.fetchval(
        *_SQL["endorse"](
            site_id=site_id,
            pattern_id=pattern_id,
            actor_id=actor_id,
            actor_name=actor_name,
            now=now,
            notes=notes,
        )
    )
    return made is not None


async def decided_since(connection: Connection, since: dt.datetime) -> tuple[int, int]:
    """Return how many candidates were approved and rejected since a moment."""
    row = await connection.fetchrow(*_SQL["decided_since"](since=since))
    return (0, 0) if row is None else (row["approved"], row["rejected"])


async def endorsed_since(connection: Connection, since: dt.datetime) -> int:
    """Return how many candidates clients endorsed since a moment."""
    return int(await connection.fetchval(*_SQL["endorsed_since"](since=since)))


async def rules_page(
    connection: Connection,
    *,
    site_id: UUID | None = None,
    enabled: bool | None = None,
    before: UUID | None = None,
    id: UUID | None = None,
    rule_id: str | None = None,
    text: str | None = None,
    limit: int,
) -> list[tuple[Origin, Rule]]:
    """Return promoted rules of the sites that the caller sees, the newest first."""
    rows = await connection.fetch(
        *_SQL["rules_page"](
            site_id=site_id,
            enabled=enabled,
            before=before,
            id=id,
            rule_id=rule_id,
            limit=limit,
            text=text,
        )
    )
    origins = [Origin(**dict(row)) for row in rows]
    found = await rules_by_ids(connection, [origin.id for origin in origins])
    return [(origin, found[origin.id]) for origin in origins]


async def rules_by_ids(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Rule]:
    """Return rules by their rows' ids."""
    rows = await connection.fetch(*_SQL["rules_by_ids"](ids=list(ids)))
    return {row["id"]: stored_rules.from_row(row) for row in rows}


async def rules_counted(connection: Connection) -> RuleCount:
    """Return the figures of all promoted rules that the caller sees."""
    row = await connection.fetchrow(*_SQL["rules_counted"]())
    if row is None:
        raise LookupError("an aggregate always gives a row")
    return RuleCount(**dict(row))


async def answered(connection: Connection, partner_id: UUID, key: str) -> Answered | None:
    """Hold an idempotency key until the end; return what was answered under it before."""
    await connection.execute(*_SQL["lock_request"](partner_id=partner_id, key=key))
    row = await connection.fetchrow(*_SQL["answered"](partner_id=partner_id, key=key))
    return None if row is None else Answered(digest=row["digest"], answer=row["answer"])


async def keep_answer(
    connection: Connection,
    partner_id: UUID,
    key: str,
    digest: bytes,
    answer: dict[str, Any],
    now: dt.datetime,
) -> None:
    """Keep what a request was answered, for when it is sent again."""
    await connection.execute(
        *_SQL["keep_answer"](partner_id=partner_id, key=key, digest=digest, answer=answer, now=now)
    )
