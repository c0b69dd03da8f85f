"""Plans that wait for a person's word."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.executions.model import executions
from flywheel_server.fleet.model import heal_proofs
from flywheel_server.orders.model import outcomes
from flywheel_server.plans.model.plans import ApprovalState

_SQL = load("plan_approvals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A plan that waited or waits, and what came of it."""

    plan_id: UUID
    site_id: UUID
    slug: str
    site_name: str
    healing_tier: str
    organization_id: UUID
    organization_name: str
    partner_id: UUID
    # None: the key did not say which appliance asked.
    appliance_id: UUID | None
    wire_id: str | None
    # Of the appliances that may be ordered to run it.
    agent_versions: list[str]
    incident_id: str
    incident_type: str
    hostname: str
    severity: str
    platform: str | None
    # The incident as planners saw it, scrubbed.
    input: dict[str, Any]
    planner: str
    basis: str | None
    runbook_id: str
    runbook_name: str
    executable: bool
    confidence: float | None
    reasoning: str
    created_at: dt.datetime
    deadline_at: dt.datetime
    state: ApprovalState
    decided_at: dt.datetime | None
    decided_by: str | None
    notes: str | None
    order_id: str | None
    order_state: str | None
    order_outcome: outcomes.Outcome | None
    order_standing: outcomes.Standing | None
    proof_source: heal_proofs.Source | None
    proof_reference: str | None
    proof_seen_at: dt.datetime | None
    # When the appliance was first told of the order.
    handed_out_at: dt.datetime | None
    execution_id: str | None
    executed_at: dt.datetime | None
    outcome: str | None
    standing: str | None
    verified: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many plans wait, and until when the first of them does."""

    plans: int
    next_deadline_at: dt.datetime | None


async def insert(
    connection: Connection,
    site_id: UUID,
    plan_id: UUID,
    *,
    now: dt.datetime,
    deadline_at: dt.datetime,
) -> None:
    """Have a plan wait for a person's word."""
    await connection.execute(
        *_SQL["insert"](plan_id=plan_id, site_id=site_id, now=now, deadline_at=deadline_at)
    )


async def lock(connection: Connection, plan_id: UUID, now: dt.datetime) -> Approval | None:
    """Return an approval that the caller may see, and keep others from deciding on it."""
    row = await connection.fetchrow(*_SQL["lock"](plan_id=plan_id, now=now))
    return None if row is None else _approval(dict(row))


async def get(connection: Connection, plan_id: UUID, now: dt.datetime) -> Approval | None:
    """Return an approval that the caller may see."""
    rows = await connection.fetch(
        *_SQL["page"](
            now=now,
            behind=None,
            site_id=None,
            state=None,
            limit=1,
            plan_id=plan_id,
            text=None,
            oldest_first=False,
        )
    )
    return _approval(dict(rows[0])) if rows else None


async def decide(
    connection: Connection,
    approval: Approval,
    state: ApprovalState,
    *,
    by_kind: str,
    by_id: UUID | None,
    by: str,
    notes: str | None,
    order_id: str | None,
    now: dt.datetime,
) -> bool:
    """Decide on a plan that waits; return False where it waits no more."""
    done = await connection.fetchval(
        *_SQL["decide"](
            site_id=approval.site_id,
            plan_id=approval.plan_id,
            state=state,
            now=now,
            by_kind=by_kind,
            by_id=by_id,
            by=by,
            notes=notes,
            order_id=order_id,
        )
    )
    return done is not None


async def page(
    connection: Connection,
    now: dt.datetime,
    *,
    state: ApprovalState | None,
    site_id: UUID | None,
    text: str | None,
    behind: UUID | None,
    oldest_first: bool,
    limit: int,
) -> list[Approval]:
    """Return approvals that the caller may see, the newest or the oldest first.

    ``text`` is looked for in the incident, its host, the runbook and the names of the place.
    """
    rows = await connection.fetch(
        *_SQL["page"](
            now=now,
            behind=behind,
            site_id=site_id,
            state=state,
            limit=limit,
            plan_id=None,
            text=text,
            oldest_first=oldest_first,
        )
    )
    return [_approval(dict(row)) for row in rows]


async def waiting(connection: Connection, now: dt.datetime) -> Waiting:
    """Return how many plans wait that the caller may see, and the next deadline."""
    row = await connection.fetchrow(*_SQL["waiting"](now=now))
    if row is None:
        raise LookupError("an aggregate has one row")
    return Waiting(**row)


async def expire_due(connection: Connection, now: dt.datetime) -> int:
    """End every approval past its deadline; return how many ended."""
    return len(await connection.fetch(*_SQL["expire_due"](now=now)))


def _approval(row: dict[str, Any]) -> Approval:
    return Approval(**row | executions.outward(row["outcome"], row["verified"]))
