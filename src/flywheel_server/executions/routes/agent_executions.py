"""Executions come in here: one (wrapped or flat) or a batch. 2xx means committed."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from flywheel_server.core import clock, db, errors
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.executions.actions import ingest
from flywheel_server.executions.model.executions import Fact
from flywheel_server.executions.routes import wire_executions
from flywheel_server.executions.routes.direct import DirectRoute
from flywheel_server.fleet.actions import clock_skews
from flywheel_server.web import access, traffic
from flywheel_server.web.access import Appliance, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(
    prefix="/api/agent/executions",
    tags=["appliances: telemetry"],
    dependencies=[Depends(traffic.TELEMETRY)],
    route_class=DirectRoute,
)


class Recorded(BaseModel):
    """The execution is committed; sending it again changes nothing."""

    status: str = Field(description="always `recorded`", examples=["recorded"])
    execution_id: str = Field(
        description="as sent", examples=["l2-drift-WS-2-firewall_status-1795163937354"]
    )


class ItemResult(BaseModel):
    """What became of one execution of a batch."""

    index: int = Field(description="its place in the batch, from 0", examples=[0])
    execution_id: str | None = Field(description="as sent, null when it could not be read")
    verdict: ingest.Verdict = Field(
        description="accepted: new; repeated: known already, nothing changed; corrected: replaces "
        "an earlier body; refused: see problem"
    )
    problem: str | None = Field(default=None, description="why it was refused and what to do")


class BatchRecorded(BaseModel):
    """What became of a batch. Everything but the refused is committed."""

    accepted: int = Field(description="new executions", examples=[98])
    repeated: int = Field(description="known already", examples=[1])
    corrected: int = Field(description="replaced an earlier body", examples=[0])
    refused: int = Field(description="not recorded", examples=[1])
    results: list[ItemResult] = Field(description="one for each execution, in order")


_EXAMPLE = {
    "site_id": "site-lab-01",
    "execution": {
        "execution_id": "l2-drift-WS-2-firewall_status-1795163937354",
        "incident_id": "drift-WS-2-firewall_status-1795163937354",
        "runbook_id": "RB-WIN-SEC-001",
        "hostname": "WS-2",
        "incident_type": "firewall_status",
        "success": True,
        "status": "success",
        "confidence": 0.91,
        "resolution_level": "L2",
    },
    "reported_at": "2026-11-20T08:38:57Z",
}


def _body(example: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": {"type": "object"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


@router.post("", response_model=Recorded, openapi_extra=_body(_EXAMPLE))
async def record_one(request: Request, scope: Appliance, parts: RuntimeDep) -> Response:
    """Record one execution. The same id with another body corrects it."""
    body = await request.body()
    report = wire_executions.read_single(body, scope, clock.now())
    access.own_site(scope, report.site_id)
    item = report.items[0]
    if item.fact is None:
        parts.metrics.executions.labels("refused").inc()
        raise item.problem or errors.InvalidInput
    content = await record(parts, scope, item.fact, len(body))
    await _note_clock(parts, scope, report.skew)
    return Response(content, media_type="application/json")


async def record(parts: Runtime, scope: ApplianceScope, fact: Fact, size: int) -> bytes:
    """Record one execution and return what is answered.

    Raises Conflict, QuotaReached, and as the writer does.
    """
    now = clock.now()
    for problem in (await parts.usage.beyond(scope.site_id, [fact], now)).values():
        raise errors.QuotaReached(problem)
    parts.usage.take(scope.site_id, "executions", size, now)
    (verdict,) = await parts.writer.record(scope, [fact])
    parts.metrics.executions.labels(verdict).inc()
    if verdict == "refused":
        raise errors.Conflict(ingest.TOO_OLD)
    return msgspec.json.encode({"status": "recorded", "execution_id": fact.execution_id})


@router.post(
    "/batch",
    response_model=BatchRecorded,
    openapi_extra=_body(
        {
            "site_id": "site-lab-01",
            "executions": [_EXAMPLE["execution"]],
            "reported_at": _EXAMPLE["reported_at"],
        }
    ),
)
async def record_batch(request: Request, scope: Appliance, parts: RuntimeDep) -> Response:
    """Record up to 1,000 executions; a bad one loses none of the others."""
    body = await request.body()
    report = wire_executions.read_batch(body, scope, clock.now())
    access.own_site(scope, report.site_id)
    answer = await _record(parts, scope, report, len(body))
    await _note_clock(parts, scope, report.skew)
    return Response(msgspec.json.encode(answer), media_type="application/json")


async def _note_clock(parts: Runtime, scope: ApplianceScope, skew: dt.timedelta | None) -> None:
    """Note a clock that is wrong; what else the appliance sends says when it is right again."""
    if skew is not None:
        async with db.transaction(parts.database, scope) as connection:
            await clock_skews.note(connection, scope, skew, clock.now())


async def _record(
    parts: Runtime, scope: Appliance, report: wire_executions.Report, size: int
) -> dict[str, object]:
    now = clock.now()
    parts.usage.take(scope.site_id, "executions", size, now)
    facts = [item.fact for item in report.items if item.fact is not None]
    beyond = await parts.usage.beyond(scope.site_id, facts, now)
    taken = [fact for place, fact in enumerate(facts) if place not in beyond]
    written = iter(await parts.writer.record(scope, taken))
    # In the order of the facts: what became of each, and why not where a quota refused it.
    verdicts: Iterator[tuple[ingest.Verdict, str]] = iter(
        ("refused", beyond[place]) if place in beyond else (next(written), ingest.TOO_OLD)
        for place in range(len(facts))
    )
    counts: dict[str, int] = {"accepted": 0, "repeated": 0, "corrected": 0, "refused": 0}
    results = []
    for index, item in enumerate(report.items):
        verdict: ingest.Verdict
        verdict, problem = ("refused", "") if item.fact is None else next(verdicts)
        result: dict[str, object] = {
            "index": index,
            "execution_id": item.execution_id,
            "verdict": verdict,
        }
        if verdict == "refused":
            result["problem"] = item.problem.detail if item.problem else problem
        counts[verdict] += 1
        results.append(result)
    for name, count in counts.items():
        parts.metrics.executions.labels(name).inc(count)
    return {**counts, "results": results}
