"""Platform rules that one tenant does not get, and whose attempts speak against a rule."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.rules.model.fair_withdrawal import Attempt

_SQL = load("exclusions")

Kind = Literal["quarantined", "declined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A rule that a tenant's sites do not get, since when and why."""

    id: UUID
    rule: UUID
    partner_id: UUID
    # None: all organizations of the partner.
    organization_id: UUID | None
    kind: Kind
    reason: str
    began_by: str
    began_at: dt.datetime
    ended_by: str | None
    ended_at: dt.datetime | None
    partner_name: str | None = None
    organization_name: str | None = None


async def begin(
    connection: Connection,
    *,
    rule: UUID,
    partner_id: UUID,
    organization_id: UUID | None,
    kind: Kind,
    reason: str,
    by: str,
    now: dt.datetime,
) -> UUID | None:
    """Exclude a tenant from a rule; return the new row's id, None where it is excluded already."""
    found: UUID | None = await connection.fetchval(
        *_SQL["begin"](
            rule=rule,
            partner_id=partner_id,
            organization_id=organization_id,
            kind=kind,
            reason=reason,
            by=by,
            now=now,
        )
    )
    return found


async def end(connection: Connection, id: UUID, by: str, now: dt.datetime) -> Exclusion | None:
    """End an exclusion in force; None where there is no such."""
    row = await connection.fetchrow(*_SQL["end"](id=id, by=by, now=now))
    return None if row is None else Exclusion(**dict(row))


async def declined(
    connection: Connection, rule: UUID, partner_id: UUID, organization_id: UUID | None
) -> UUID | None:
    """Return the exclusion by which exactly this tenant declined a rule, while it is in force."""
    found: UUID | None = await connection.fetchval(
        *_SQL["declined"](rule=rule, partner_id=partner_id, organization_id=organization_id)
    )
    return found


async def healing_tiers(connection: Connection, organization_id: UUID) -> list[str]:
    """Return the healing tiers that an organization's sites have."""
    rows = await connection.fetch(*_SQL["tiers"](organization_id=organization_id))
    return [row["healing_tier"] for row in rows]


async def get(connection: Connection, id: UUID) -> Exclusion | None:
    """Return one, ended or not."""
    row = await connection.fetchrow(*_SQL["get"](id=id))
    return None if row is None else Exclusion(**dict(row))


async def page(
    connection: Connection,
    *,
    in_force: bool | None = None,
    before: UUID | None = None,
    rule: UUID | None = None,
    limit: int,
) -> list[tuple[Exclusion, str]]:
    """Return exclusions, or those of one rule, with the rules' ids on appliances, newest first."""
    rows = await connection.fetch(
        *_SQL["page"](in_force=in_force, before=before, limit=limit, rule=rule)
    )
    found = [dict(row) for row in rows]
    return [(Exclusion(**row), rule_id) for row in found for rule_id in [row.pop("rule_id")]]


async def of_rules(
    connection: Connection, rules: Collection[UUID], *, ended: bool = False
) -> list[Exclusion]:
    """Return the exclusions from these rules that the caller may see, the newest first."""
    rows = await connection.fetch(*_SQL["of_rules"](rules=list(rules), ended=ended))
    return [Exclusion(**dict(row)) for row in rows]


async def count_again(connection: Connection, rule: UUID) -> None:
    """Have the next turn count a rule's attempts again: other ones count now."""
    await connection.execute(*_SQL["count_again"](rule=rule))


async def attempts(
    connection: Connection, rule: UUID, *, with_chaos: bool, limit: int
) -> list[Attempt]:
    """Return the newest attempts of a rule that may speak against it, in their order."""
    rows = await connection.fetch(*_SQL["attempts"](rule=rule, with_chaos=with_chaos, limit=limit))
    return [Attempt(**dict(row)) for row in rows]


async def masked(connection: Connection, rules: Collection[UUID]) -> set[UUID]:
    """Return which of these platform rules have good reports that do not count."""
    rows = await connection.fetch(*_SQL["masked"](rules=list(rules)))
    return {row["rule"] for row in rows}
