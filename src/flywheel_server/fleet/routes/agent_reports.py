"""What agents aggregate themselves, and the Python agent's housekeeping: kept and shown.

None of it feeds a gate: it names no runbook and repeats what executions say.
"""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema

from flywheel_server.core import clock, db, errors, moments
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.fleet.actions import clock_skews, reports
from flywheel_server.fleet.routes import quotas
from flywheel_server.web import access, bodies, runtime, traffic
from flywheel_server.web.access import Appliance, RuntimeDep
from flywheel_server.web.bodies import (
    Count,
    FreeMoment,
    FreeNumber,
    FreeObject,
    FreeText,
    Name,
    Text,
)
from flywheel_server.web.json_bodies import JsonRoute

router = APIRouter(
    tags=["appliances"],
    dependencies=[Depends(traffic.REPORTS)],
    strict_content_type=False,
    route_class=JsonRoute,
)

MOST_DOCUMENT_BYTES = 1024 * 1024
MOST_STATS = 1_000
_MOST_STEPS = 200
# {check_type}:{host}, each at most a name long.
_MOST_SIGNATURE = 2 * bodies.MOST_NAME + 1

SiteId = Annotated[
    Name | None,
    Field(description="The site of the key; any other is refused.", examples=["site-lab-01"]),
]


def _steps(value: Any) -> Any:
    given = value if value is None or isinstance(value, list) else [value]
    return given and [step for step in given[:_MOST_STEPS] if step is not None]


Signature = Annotated[Text, Field(min_length=1, max_length=_MOST_SIGNATURE)]


class HealBody(bodies.Body):
    """One heal of a pattern that the agent counts itself."""

    site_id: SiteId = None
    check_type: Annotated[Name, Field(min_length=1)] = Field(
        description="The check that drifted.", examples=["firewall_status"]
    )
    issue_signature: Signature = Field(
        description="Check type and host.", examples=["firewall_status:WS-TEST-30"]
    )
    resolution_steps: Annotated[list[FreeText], BeforeValidator(_steps)] | None = Field(
        default=None, description="What was done.", examples=[["run_windows_runbook"]]
    )
    success: bool | None = Field(
        default=None, description="Whether it healed; null counts as no.", examples=[True]
    )
    execution_time_ms: FreeNumber = Field(
        default=None, description="How long it took, in milliseconds.", examples=[1250]
    )
    reported_at: FreeMoment = Field(
        default=None, description="When it healed.", examples=["2026-11-20T08:45:25Z"]
    )


class HealAnswer(BaseModel):
    """The pattern after counting the heal."""

    pattern_id: UUID = Field(
        description="The pattern's id.", examples=["0199b1f0-0000-7000-8000-000000000001"]
    )
    status: Literal["created", "updated"] = Field(
        description="Whether the pattern is new.", examples=["updated"]
    )
    occurrences: int = Field(description="Heals counted so far.", examples=[12])
    success_rate: float = Field(description="Successes in percent, 0 to 100.", examples=[91.7])


class StatBody(bodies.Body):
    """Cumulative counters of one pattern."""

    pattern_signature: Signature = Field(
        description="The agent's own id of the pattern.", examples=["0123456789abcdef"]
    )
    total_occurrences: Count = Field(description="How often it occurred.", examples=[12])
    l1_resolutions: Count | None = Field(default=None, description="Healed at L1.", examples=[9])
    l2_resolutions: Count | None = Field(default=None, description="Healed at L2.", examples=[2])
    l3_resolutions: Count | None = Field(default=None, description="Healed at L3.", examples=[1])
    success_count: Count | None = Field(default=None, description="Healed at all.", examples=[11])
    total_resolution_time_ms: FreeNumber = Field(
        default=None, description="Time spent on all, in milliseconds.", examples=[15000.0]
    )
    last_seen: FreeMoment = Field(
        default=None, description="When it last occurred.", examples=["2026-11-20T08:45:25+00:00"]
    )
    recommended_action: FreeText | None = Field(
        default=None, description="What the agent would do.", examples=["restart_service"]
    )


class StatsBody(bodies.Body):
    """Cumulative counters of one appliance's patterns."""

    site_id: SiteId = None
    appliance_id: Name | None = Field(
        default=None,
        description="The appliance, when the key is not bound to one.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    )
    synced_at: FreeMoment = Field(
        default=None, description="When it was sent.", examples=["2026-11-20T08:45:25+00:00"]
    )
    # Looked at one by one, so that a bad item costs only itself.
    pattern_stats: list[Annotated[Any, WithJsonSchema(StatBody.model_json_schema())]] | None = (
        Field(
            default=None,
            description=f"At most {MOST_STATS} patterns.",
            examples=[[{"pattern_signature": "0123456789abcdef", "total_occurrences": 12}]],
        )
    )


class Refusal(BaseModel):
    """An item that could not be taken."""

    index: int = Field(description="Its place in the list, from 0.", examples=[3])
    problem: str = Field(
        description="What is wrong with it.", examples=["total_occurrences: Field required"]
    )


class StatsAnswer(BaseModel):
    """What became of the counters."""

    accepted: int = Field(description="Items taken.", examples=[12])
    merged: int = Field(description="Those of a pattern already known.", examples=[11])
    refused: list[Refusal] = Field(description="Items not taken, with the reason.", examples=[[]])
    server_time: dt.datetime = Field(
        description="The server's time.", examples=["2026-11-20T08:45:25Z"]
    )


class Kept(BaseModel):
    """The document is kept."""

    status: Literal["ok"] = Field(default="ok", description="Always ok.", examples=["ok"])


_stat = TypeAdapter(StatBody)


@router.post("/agent/patterns")
async def count_heal(
    scope: Appliance, parts: RuntimeDep, body: HealBody, _spent: quotas.Spent
) -> HealAnswer:
    """Count one heal of a pattern that the agent keeps itself."""
    access.own_site(scope, body.site_id)
    now = clock.now()
    start = f"{body.check_type}:"
    known_host = body.issue_signature.startswith(start)
    heal = reports.Heal(
        signature=body.issue_signature,
        check_type=body.check_type,
        hostname=body.issue_signature.removeprefix(start) if known_host else None,
        success=body.success is True,
        milliseconds=body.execution_time_ms or 0,
        steps=body.resolution_steps,
        at=moments.believable(body.reported_at, now),
    )
    async with db.transaction(parts.database, scope) as connection:
        counted = await reports.count_heal(connection, scope, heal)
        await clock_skews.told(connection, scope, body.reported_at, now)
    return HealAnswer(
        pattern_id=counted.pattern_id,
        status="created" if counted.created else "updated",
        occurrences=counted.occurrences,
        success_rate=100 * counted.successes / counted.occurrences,
    )


@router.post("/api/agent/sync/pattern-stats")
async def merge_stats(
    scope: Appliance, parts: RuntimeDep, body: StatsBody, _spent: quotas.Spent
) -> StatsAnswer:
    """Keep an appliance's cumulative counters; a repeat or an older total changes nothing."""
    access.own_site(scope, body.site_id)
    now = clock.now()
    given = body.pattern_stats or []
    if len(given) > MOST_STATS:
        raise errors.TooLarge(f"Send at most {MOST_STATS} patterns at a time.")
    stats, refused = _sorted_out(given, moments.believable(body.synced_at, now))
    if refused and not stats:
        raise errors.InvalidInput(
            f"No item can be taken; the first: {refused[0].problem}. Correct them and send again."
        )
    new = 0
    if stats:
        async with db.transaction(parts.database, scope) as connection:
            new = await reports.merge_stats(connection, scope, body.appliance_id, stats)
            await clock_skews.told(connection, scope, body.synced_at, now)
    return StatsAnswer(
        accepted=len(stats), merged=len(stats) - new, refused=refused, server_time=now
    )


Document = Annotated[
    FreeObject,
    Body(
        description="Whatever the agent says; it is kept, its texts cleaned and cut.",
        examples=[{"site_id": "site-lab-01", "reported_at": "2026-11-20T08:00:00Z"}],
    ),
]


@router.post("/api/appliances/domain-discovered")
async def keep_domain(
    scope: Appliance, parts: RuntimeDep, request: Request, body: Document
) -> Kept:
    """Keep which directory domain an appliance discovered."""
    return await _keep(scope, parts, request, "domain-discovered", body)


@router.post("/api/appliances/enumeration-results")
async def keep_enumeration(
    scope: Appliance, parts: RuntimeDep, request: Request, body: Document
) -> Kept:
    """Keep which hosts an appliance enumerated."""
    return await _keep(scope, parts, request, "enumeration-results", body)


@router.post("/api/appliances/agent-deployments")
async def keep_deployments(
    scope: Appliance, parts: RuntimeDep, request: Request, body: Document
) -> Kept:
    """Keep where an appliance deployed agents."""
    return await _keep(scope, parts, request, "agent-deployments", body)


@router.post("/api/devices/sync")
async def keep_devices(
    scope: Appliance, parts: RuntimeDep, request: Request, body: Document
) -> Kept:
    """Keep which devices an appliance sees."""
    return await _keep(scope, parts, request, "devices", body)


@router.post("/api/learning/promotion-report")
async def keep_promotion_report(
    scope: Appliance, parts: RuntimeDep, request: Request, body: Document
) -> Kept:
    """Keep what an appliance says of the promotions it made itself."""
    return await _keep(scope, parts, request, "promotion-report", body)


async def _keep(
    scope: ApplianceScope,
    parts: runtime.Runtime,
    request: Request,
    kind: reports.DocumentKind,
    body: dict[str, Any],
) -> Kept:
    if len(await request.body()) > MOST_DOCUMENT_BYTES:
        raise errors.TooLarge(f"Keep the body under {MOST_DOCUMENT_BYTES // 1024} KiB.")
    access.own_site(scope, _text(body.get("site_id")))
    await quotas.spend(request, scope, parts)
    appliance = _text(body.get("appliance_id"))
    async with db.transaction(parts.database, scope) as connection:
        await reports.keep_document(
            connection, scope, kind=kind, appliance=appliance, body=body, now=clock.now()
        )
    return Kept()


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise errors.InvalidInput("`site_id` and `appliance_id` are texts.")


def _sorted_out(
    given: list[Any], synced_at: dt.datetime
) -> tuple[list[reports.Stats], list[Refusal]]:
    """Divide the items into those that can be taken and those that cannot, with the reason."""
    stats, refused = [], []
    for index, raw in enumerate(given):
        try:
            stats.append(_stats(_stat.validate_python(raw), synced_at))
        except ValidationError as error:
            refused.append(Refusal(index=index, problem=bodies.problems(error)))
    return stats, refused


def _stats(item: StatBody, synced_at: dt.datetime) -> reports.Stats:
    return reports.Stats(
        signature=item.pattern_signature,
        occurrences=item.total_occurrences,
        successes=item.success_count or 0,
        l1_resolutions=item.l1_resolutions or 0,
        l2_resolutions=item.l2_resolutions or 0,
        l3_resolutions=item.l3_resolutions or 0,
        total_milliseconds=item.total_resolution_time_ms or 0,
        recommended_action=item.recommended_action,
        last_seen_at=moments.believable(item.last_seen, synced_at),
    )
