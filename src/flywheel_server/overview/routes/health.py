"""Whether this process lives, whether it is ready, and its figures."""

import datetime as dt

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel, Field

from flywheel_server.core import (
    clock,
    database_refusals,
    db,
    errors,
    log,
    migrations,
    schema,
    service_failures,
)
from flywheel_server.core.metrics import Metrics
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.services import SERVICES
from flywheel_server.evidence.store import evidence_anchors
from flywheel_server.executions.model import executions
from flywheel_server.learning.store import patterns, set_aside
from flywheel_server.loop import runs
from flywheel_server.plans.model import plans
from flywheel_server.plans.store import plan_figures
from flywheel_server.rules.store import deliveries
from flywheel_server.web import figures_access, problems, traffic, writability
from flywheel_server.web.access import PUBLIC, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(tags=["health"], dependencies=PUBLIC)

_log = log.get(__name__)
_SCOPE = LoopScope(reason="readiness and figures are of the whole platform")
SILENT_INTERVALS = 3
_FIGURES = "text/plain"
_HEAD = migrations.head()
# With these, too, the database itself answers.
_REACHED = (
    None,
    *database_refusals.SCHEMA,
    database_refusals.DISK_FULL,
    database_refusals.READ_ONLY,
)


class Health(BaseModel):
    """The process lives."""

    status: str = Field(description="always `ok`", examples=["ok"])


class Readiness(BaseModel):
    """Whether the process can do its work, and what is wrong if not."""

    status: str = Field(
        description="always `ready`: a process that is not is told by a problem document, which "
        "has the other members, too",
        examples=["ready"],
    )
    database: bool = Field(description="whether the database answers")
    database_writable: bool = Field(description="whether the database takes writes")
    trouble: str | None = Field(description="what is wrong with the database", exclude=True)
    schema_revision: str | None = Field(description="the database's", examples=["0001"])
    needed_revision: str = Field(description="this release's", examples=["0001"])
    loop_seconds_since_turn: float | None = Field(
        description="how long ago any process last started a turn", examples=[12.5]
    )
    loop_silent: bool = Field(description="no turn started for three intervals")


@router.get("/health", dependencies=[Depends(traffic.HEALTH)])
async def health() -> Health:
    """Say that the process lives; it may still be unable to work."""
    return Health(status="ok")


@router.get("/ready", response_model=Readiness, dependencies=[Depends(traffic.HEALTH)])
async def ready(parts: RuntimeDep) -> Response:
    """Say whether the process can work: database there, schema current, loop turning."""
    found = await _readiness(parts)
    reason = _reason(found)
    if reason is None:
        return Response(found.model_dump_json(), media_type="application/json")
    # `status` is the problem's, a number, as for any other.
    body = found.model_dump() | problems.document(errors.Unavailable(reason))
    return Response(
        msgspec.json.encode(body),
        status_code=503,
        media_type=problems.MEDIA_TYPE,
        headers={"Retry-After": "5"},
    )


@router.get(
    "/metrics",
    dependencies=[Depends(traffic.FIGURES)],
    response_class=Response,
    responses={200: {"content": {_FIGURES: {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, parts: RuntimeDep) -> Response:
    """Give the process's figures, and those of the loop, in Prometheus' format.

    For who has the token, or asks from an address that may: see FLYWHEEL_METRICS_TOKEN.
    """
    figures_access.check(request, parts.settings)
    try:
        await _measure(parts, list(request.app.state.step_names))
        up = parts.database.condition.unwritable is None
    except (errors.DatabaseUnavailable, asyncpg.PostgresError) as error:
        if not parts.database.condition.told(error):
            _log.warning("figures without the database", reason=repr(error))
        up = False
    parts.metrics.database_up.set(up)
    parts.metrics.database_writable.set(up)
    return Response(generate_latest(parts.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _readiness(parts: Runtime) -> Readiness:
    found: str | None = None
    status: runs.Status | None = None
    trouble: str | None = None
    try:
        async with db.transaction(parts.database, _SCOPE) as connection:
            found = await schema.revision(connection)
            status = await runs.status(connection)
            await writability.look(connection, parts.database)
    except errors.DatabaseUnavailable as error:
        trouble = error.detail or database_refusals.UNREACHABLE
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError) as error:
        _log.warning("the schema is older than this release", reason=repr(error))
    since = None if status is None else status.seconds_since_turn
    return Readiness(
        status="ready",
        database=trouble in _REACHED,
        database_writable=trouble is None and parts.database.condition.unwritable is None,
        trouble=trouble or parts.database.condition.unwritable,
        schema_revision=found,
        needed_revision=_HEAD,
        loop_seconds_since_turn=since,
        loop_silent=silent(parts, since),
    )


def silent(parts: Runtime, since: float | None) -> bool:
    """Say whether no turn has started for so many seconds that the loop counts as silent."""
    return since is not None and since > SILENT_INTERVALS * parts.settings.loop_interval


def _reason(found: Readiness) -> str | None:
    """Return why the process is not ready, as a sentence with the remedy, or None."""
    if found.trouble is not None and found.trouble not in database_refusals.SCHEMA:
        return f"{found.trouble[0].upper()}{found.trouble[1:]}."
    if migrations.is_behind(found.schema_revision):
        return (
            f"The schema is at {found.schema_revision or 'nothing'}, this release needs "
            f"{found.needed_revision}: run `flywheel-server migrate`."
        )
    if found.loop_silent:
        return (
            "No process has turned the loop for three intervals: see the log for why, and run at "
            "least one server with FLYWHEEL_LOOP=true."
        )
    return None


async def _measure(parts: Runtime, steps: list[str]) -> None:
    now = clock.now()
    async with db.transaction(parts.database, _SCOPE) as connection:
        status = await runs.status(connection)
        newest = await runs.newest(connection, steps)
        unresolved = await patterns.unresolved_total(connection)
        aside = await set_aside.total(connection)
        not_running = await deliveries.stuck_total(connection)
        evidence = await evidence_anchors.figures(connection)
        failing = await service_failures.failing(connection)
        await writability.look(connection, parts.database)
        planned = await plan_figures.standing(
            connection,
            now,
            unreported_before=now - plans.UNREPORTED,
            made_since=now - executions.AWAITED,
        )
    figures = parts.metrics
    since = None if status is None else status.seconds_since_turn
    figures.loop_seconds_since_turn.set(float("nan") if since is None else since)
    figures.loop_silent.set(silent(parts, since))
    figures.unresolved_executions.set(unresolved - aside)
    figures.set_aside_executions.set(aside)
    figures.rules_not_running.set(not_running)
    _measure_evidence(figures, evidence, now)
    failures = {each.service: each.failures for each in failing}
    for service in SERVICES:
        figures.service_failures.labels(service).set(failures.get(service, 0))
    figures.plans_waiting.set(planned.waiting)
    figures.plans_unreported.set(planned.unreported)
    figures.plan_micro_usd_today.set(planned.spent_today)
    for run in newest:
        figures.step_failed.labels(run.step).set(run.error is not None)
        figures.step_seconds.labels(run.step).set(run.seconds)


def _measure_evidence(
    figures: Metrics, evidence: evidence_anchors.Figures, now: dt.datetime
) -> None:
    for state in ("local", "pending", "anchored", "failed"):
        figures.evidence_anchors.labels(state).set(getattr(evidence, state))
    figures.evidence_chains_broken.set(evidence.broken)
    oldest = evidence.oldest_pending
    figures.evidence_oldest_pending_seconds.set(
        0 if oldest is None else (now - oldest).total_seconds()
    )
