"""Incidents that appliances report and resolve: a host's check has one, open or resolved."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from flywheel_server.core import clock, db, errors
from flywheel_server.executions.actions import incidents
from flywheel_server.fleet.routes import quotas
from flywheel_server.web import access, bodies, traffic
from flywheel_server.web.access import Appliance, RuntimeDep
from flywheel_server.web.bodies import FreeName, FreeNames, FreeObject, FreeText, Name
from flywheel_server.web.json_bodies import SmallJsonRoute

router = APIRouter(
    tags=["appliances"],
    dependencies=[Depends(traffic.REPORTS)],
    strict_content_type=False,
    route_class=SmallJsonRoute,
)

SiteId = Annotated[
    Name | None,
    Field(description="The site of the key; any other is refused.", examples=["site-lab-01"]),
]
Host = Annotated[Name | None, Field(description="The host it concerns.", examples=["WS-TEST-30"])]
CheckType = Annotated[
    Name | None, Field(description="The check that drifted.", examples=["firewall_status"])
]
Tier = Annotated[FreeName | None, Field(description="The level that healed it.", examples=["L1"])]


class IncidentBody(bodies.Body):
    """An incident as an appliance saw it."""

    site_id: SiteId = None
    host_id: Host = None
    incident_type: CheckType = None
    check_type: CheckType = None
    severity: FreeName | None = Field(
        default=None, description="How bad the appliance thinks it is.", examples=["high"]
    )
    details: FreeObject | None = Field(
        default=None, description="What was seen.", examples=[{"expected": "on", "actual": "off"}]
    )
    pre_state: FreeObject | None = Field(
        default=None, description="The state before any healing.", examples=[{"enabled": False}]
    )
    hipaa_controls: FreeNames | None = Field(
        default=None, description="The controls it touches.", examples=[["164.312(b)"]]
    )


class ResolveBody(bodies.Body):
    """How an incident named in the path was healed."""

    resolution_tier: Tier = None
    action_taken: FreeText | None = Field(
        default=None, description="What was done.", examples=["run_windows_runbook"]
    )


class ResolveByKeyBody(bodies.Body):
    """How the incident of a host's check was healed."""

    site_id: SiteId = None
    host_id: Host = None
    check_type: CheckType = None
    resolution_tier: Tier = None
    runbook_id: Name | None = Field(
        default=None, description="The rule that healed it.", examples=["L1-FW-002"]
    )


class Received(BaseModel):
    """What became of a report."""

    status: incidents.Reported = Field(
        description="Whether it is new, known and open, or open again.", examples=["received"]
    )
    incident_id: UUID = Field(
        description="The incident's id.", examples=["0199b1f0-0000-7000-8000-000000000001"]
    )
    timestamp: dt.datetime = Field(
        description="The server's time.", examples=["2026-11-20T08:45:25Z"]
    )


class Resolved(BaseModel):
    """What became of a resolution."""

    status: incidents.Resolved = Field(
        description="Whether this call resolved it.", examples=["resolved"]
    )
    incident_id: UUID = Field(
        description="The incident's id.", examples=["0199b1f0-0000-7000-8000-000000000001"]
    )


@router.post("/incidents")
async def report(
    scope: Appliance, parts: RuntimeDep, body: IncidentBody, _spent: quotas.Spent
) -> Received:
    """Report an incident; reported again it is the same one, reopened if it was resolved."""
    access.own_site(scope, body.site_id)
    check_type = body.check_type or body.incident_type
    if not check_type:
        raise errors.InvalidInput("Give a `check_type`: the check that drifted.")
    incident = incidents.Report(
        hostname=body.host_id or "",
        incident_type=body.incident_type or check_type,
        check_type=check_type,
        severity=body.severity or "unknown",
        details=body.details or {},
        pre_state=body.pre_state or {},
        hipaa_controls=body.hipaa_controls or [],
    )
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        await parts.usage.open_incident(
            connection, scope.site_id, incident.hostname, incident.check_type
        )
        incident_id, status = await incidents.report(connection, scope, incident, now)
    return Received(status=status, incident_id=incident_id, timestamp=now)


@router.post("/incidents/resolve")
async def resolve_by_key(scope: Appliance, parts: RuntimeDep, body: ResolveByKeyBody) -> Resolved:
    """Resolve the incident of a host's check."""
    access.own_site(scope, body.site_id)
    if not body.check_type:
        raise errors.InvalidInput("Give the `check_type` of the incident.")
    resolution = incidents.Resolution(tier=body.resolution_tier, action=body.runbook_id)
    async with db.transaction(parts.database, scope) as connection:
        resolved = await incidents.resolve_by_key(
            connection,
            scope,
            hostname=body.host_id or "",
            check_type=body.check_type,
            resolution=resolution,
            now=clock.now(),
        )
    # After the commit, which keeps it for a report that it overtook.
    if resolved is None:
        raise errors.NotFound("This site has no such incident: report it first.")
    incident_id, status = resolved
    return Resolved(status=status, incident_id=incident_id)


@router.post("/incidents/{incident_id}/resolve")
async def resolve(
    incident_id: Annotated[str, Path(description="The id that reporting it answered.")],
    scope: Appliance,
    parts: RuntimeDep,
    body: ResolveBody | None = None,
) -> Resolved:
    """Resolve an incident by the id its report was answered with."""
    known_id = _parsed(incident_id)
    resolution = incidents.Resolution(
        tier=body.resolution_tier if body else None, action=body.action_taken if body else None
    )
    async with db.transaction(parts.database, scope) as connection:
        status = await incidents.resolve(connection, scope, known_id, resolution, clock.now())
    return Resolved(status=status, incident_id=known_id)


def _parsed(incident_id: str) -> UUID:
    """Read an id of ours; whatever else stands there names no incident."""
    try:
        return UUID(incident_id)
    except ValueError as error:
        raise errors.NotFound("This site has no such incident: report it first.") from error
