"""Takes in what appliances report as incidents; one row for a host's check, opened and resolved.

Each is one statement, so two equal reports at once are one incident reported twice.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core import errors
from flywheel_server.core.db import Connection, Record
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.core.sql import load
from flywheel_server.executions.actions import heal_proofs
from flywheel_server.fleet.model import heal_proofs as proofs
from flywheel_server.fleet.model.heal_proofs import Look

_SQL = load("incidents")

# Agents send a report and its resolution at once, and either may arrive first.
EARLY = dt.timedelta(minutes=1)

Reported = Literal["received", "deduplicated", "reopened"]
Resolved = Literal["resolved", "already_resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One incident as an appliance saw it."""

    hostname: str
    incident_type: str
    check_type: str
    severity: str
    details: dict[str, object]
    pre_state: dict[str, object]
    hipaa_controls: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Who healed an incident and how, in the words of the appliance."""

    tier: str | None
    action: str | None


async def report(
    connection: Connection, scope: ApplianceScope, incident: Report, now: dt.datetime
) -> tuple[UUID, Reported]:
    """Open the incident, or count the report when it is open already; the newest details stay.

    A resolution that overtook the report closes it at once.
    """
    key = {
        "site_id": scope.site_id,
        "hostname": incident.hostname,
        "check_type": incident.check_type,
    }
    await connection.execute(*_SQL["lock_key"](**key))
    row = await connection.fetchrow(
        *_SQL["report"](
            site_id=scope.site_id,
            hostname=incident.hostname,
            incident_type=incident.incident_type,
            check_type=incident.check_type,
            severity=incident.severity,
            details=incident.details,
            pre_state=incident.pre_state,
            hipaa_controls=incident.hipaa_controls,
            now=now,
        )
    )
    if row is None:
        raise LookupError("the report left no row")
    early = await connection.fetchrow(*_SQL["take_early"](**key))
    if early is not None and now - early["resolved_at"] <= EARLY:
        resolution = Resolution(tier=early["resolution_tier"], action=early["resolution_action"])
        await resolve(connection, scope, row["id"], resolution, now)
    by_status: dict[str | None, Reported] = {None: "received", "resolved": "reopened"}
    return row["id"], by_status.get(row["status_before"], "deduplicated")


async def resolve(
    connection: Connection,
    scope: ApplianceScope,
    incident_id: UUID,
    resolution: Resolution,
    now: dt.datetime,
) -> Resolved:
    """Resolve an incident by its id; the first resolution stays. Raises NotFound."""
    row = await connection.fetchrow(
        *_SQL["resolve"](
            site_id=scope.site_id,
            incident_id=incident_id,
            now=now,
            tier=resolution.tier,
            action=resolution.action,
        )
    )
    return (await _resolved(connection, scope, row, resolution, now))[1]


async def resolve_by_key(
    connection: Connection,
    scope: ApplianceScope,
    *,
    hostname: str,
    check_type: str,
    resolution: Resolution,
    now: dt.datetime,
) -> tuple[UUID, Resolved] | None:
    """Resolve the incident of a host's check; the first resolution stays.

    Returns None where there is none: it is kept for a moment, in case it overtook the report.
    """
    await connection.execute(
        *_SQL["lock_key"](site_id=scope.site_id, hostname=hostname, check_type=check_type)
    )
    row = await connection.fetchrow(
        *_SQL["resolve_by_key"](
            site_id=scope.site_id,
            hostname=hostname,
            check_type=check_type,
            now=now,
            tier=resolution.tier,
            action=resolution.action,
        )
    )
    # What was resolved just now is the same resolution sent again.
    if row is None or (row["resolved_before"] and now - row["resolved_before"] > EARLY):
        await connection.execute(
            *_SQL["keep_early"](
                site_id=scope.site_id,
                hostname=hostname,
                check_type=check_type,
                now=now,
                tier=resolution.tier,
                action=resolution.action,
            )
        )
    return None if row is None else await _resolved(connection, scope, row, resolution, now)


async def forget_early(connection: Connection, now: dt.datetime) -> int:
    """Forget resolutions that no report followed; return how many."""
    count: int = await connection.fetchval(*_SQL["forget_early"](before=now - EARLY))
    return count


async def _resolved(
    connection: Connection,
    scope: ApplianceScope,
    row: Record | None,
    resolution: Resolution,
    now: dt.datetime,
) -> tuple[UUID, Resolved]:
    if row is None:
        raise errors.NotFound("This site has no such incident: report it first.")
    if row["status_before"] != "open":
        return row["id"], "already_resolved"
    room = proofs.room_after_own_word(resolution.tier)
    if room is not None:
        await heal_proofs.settle(
            connection,
            scope.site_id,
            [
                Look(
                    hostname=row["hostname"].lower(),
                    incident_type=row["check_type"],
                    passed=True,
                )
            ],
            source="incident",
            reference=str(row["id"]),
            looked_at=now,
            # What healed it before it was opened again did not last.
            since=row["reported_at"] - proofs.REPORTS_APART,
            room=room,
        )
    return row["id"], "resolved"
