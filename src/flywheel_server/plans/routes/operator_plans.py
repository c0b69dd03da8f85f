"""L2 plans, for operators: every decision, and what became of them, cost and was escalated."""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.views.bodies import Filter, PathId, Search, View
from flywheel_server.core import clock, db, errors
from flywheel_server.fleet.model.appliances import L2Mode
from flywheel_server.plans.model import plans
from flywheel_server.plans.model.plans import Planner, Reason, Told
from flywheel_server.plans.store import plan_figures as store
from flywheel_server.plans.store.plan_figures import Filters
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Reader, RuntimeDep
from flywheel_server.web.windows import WindowDep, WindowView

router = APIRouter(prefix="/api/admin/plans", tags=["operators: plans"])

_TIME = "2026-02-24T10:00:00Z"


class PlanRecord(View):
    """One decision, as it was recorded before the appliance was answered."""

    id: UUID = Field(description="Its id.")
    site_id: str = Field(validation_alias="slug", description="Where.", examples=["site-lab-01"])
    appliance_id: str | None = Field(
        validation_alias="wire_id", description="Who asked, if the key tells.", examples=[None]
    )
    incident_id: str = Field(description="The incident.", examples=["drift-WS-TEST-2-1"])
    incident_type: str = Field(description="What was wrong.", examples=["firewall_status"])
    hostname: str = Field(description="On which host.", examples=["WS-TEST-2"])
    severity: str = Field(description="How bad.", examples=["high"])
    platform: str | None = Field(description="Of the host.", examples=["windows"])
    input: dict[str, Any] = Field(description="What planners were let know, scrubbed.")
    digest: str = Field(description="SHA-256 of `input`.", examples=["9f86…"])
    mode: L2Mode = Field(description="The l2_mode that was obeyed.", examples=["auto"])
    agent_version: str = Field(description="Of the asking agent.", examples=["0.4.2"])
    state: str = Field(description="planning while a provider is asked, then decided")
    planner: Planner | None = Field(description="Who proposed.", examples=["model"])
    basis: str | None = Field(
        description="Which rule, which counts or which earlier plan.", examples=["L1-FW-002"]
    )
    model: str | None = Field(description="The model that was asked.", examples=["small-7b"])
    prompt_version: str = Field(description="Of the question.", examples=["1"])
    calls: int = Field(description="Calls of the provider.", examples=[1])
    input_tokens: int | None = Field(description="As the provider counts.", examples=[1800])
    output_tokens: int | None = Field(description="As the provider counts.", examples=[60])
    cost_micro_usd: int = Field(
        description="Millionths of a US dollar; what was reserved, where nobody told.",
        examples=[6300],
    )
    latency_ms: int | None = Field(description="From the request on.", examples=[1250])
    proposed: str | None = Field(description="What the planner named.", examples=["RB-WIN-SEC-001"])
    runbook_id: str | None = Field(
        description="The runbook of the catalogue that this is.", examples=["RB-WIN-SEC-001"]
    )
    confidence: float | None = Field(description="How sure, 0 to 1.", examples=[0.91])
    reasoning: str = Field(description="Why.", examples=["The firewall service is stopped."])
    told: Told | None = Field(description="What the appliance was told.", examples=["execute"])
    reason: Reason | None = Field(description="Why not to execute.", examples=[None])
    answer: dict[str, Any] | None = Field(description="Exactly what it was told.")
    repeats: int = Field(description="How often it asked again.", examples=[0])
    created_at: dt.datetime = Field(description="When it asked, UTC.", examples=[_TIME])
    decided_at: dt.datetime | None = Field(description="When it was decided.", examples=[_TIME])
    execution_id: str | None = Field(description="What came of it.", examples=[None])
    executed_at: dt.datetime | None = Field(description="When that was reported.", examples=[None])
    outcome: str | None = Field(
        description="success, failure or not_attempted", examples=["success"]
    )
    standing: str | None = Field(
        description="How far to believe it. verified: a post-check or a later scan said so; "
        "observed: the agent ran it and saw the result; claimed: this agent version cannot know, "
        "so it counts in no rate.",
        examples=["observed"],
    )
    verified: bool | None = Field(description="What the post-check said.", examples=[None])


class FunnelView(View):
    """From decisions to healed incidents."""

    decisions: int = Field(description="All.", examples=[120])
    planned: int = Field(description="With a runbook to execute or approve.", examples=[90])
    told_to_execute: int = Field(description="At once.", examples=[80])
    sent_for_approval: int = Field(description="To wait for a person.", examples=[10])
    escalated: int = Field(description="Without a runbook to run.", examples=[30])
    executed: int = Field(description="Reported as tried.", examples=[75])
    healed: int = Field(description="Reported as healed.", examples=[70])
    verified: int = Field(description="Healed, and a post-check said so.", examples=[40])
    not_attempted: int = Field(description="Reported as never tried.", examples=[3])
    claimed: int = Field(
        description="Reported by agent versions that cannot know: neither healed nor failed.",
        examples=[0],
    )
    unreported: int = Field(
        description="Were to be executed, and nothing was reported within an hour.", examples=[2]
    )
    repeats: int = Field(description="Requests answered from the record.", examples=[4])


class ApprovalsView(View):
    """What became of the plans that waited for a person."""

    waiting: int = Field(description="Still wait.", examples=[1])
    approved: int = Field(description="Became orders.", examples=[6])
    rejected: int = Field(description="Were refused.", examples=[2])
    expired: int = Field(description="Nobody decided in time.", examples=[1])


class SpendView(View):
    """What the provider took for the decisions of the window."""

    calls: int = Field(description="Calls.", examples=[40])
    input_tokens: int = Field(description="As the provider counts.", examples=[72000])
    output_tokens: int = Field(description="As the provider counts.", examples=[2400])
    cost_micro_usd: int = Field(description="Millionths of a US dollar.", examples=[252000])


class CountView(View):
    """How many decisions came from a planner and ended in the same way."""

    planner: Planner = Field(description="Who proposed.", examples=["model"])
    told: Told = Field(description="What the appliance was told.", examples=["escalate"])
    reason: Reason | None = Field(description="Why.", examples=["low_confidence"])
    decisions: int = Field(description="How many.", examples=[7])


class DayView(View):
    """What the budgets of a day hold, with what calls under way have reserved."""

    day: dt.date = Field(description="UTC.", examples=["2026-02-24"])
    calls: int = Field(description="Calls of all sites.", examples=[40])
    micro_usd: int = Field(description="Millionths of a US dollar.", examples=[252000])
    sites: int = Field(description="How many sites.", examples=[3])


class BudgetView(BaseModel):
    """What each site may spend in a day."""

    calls_per_day: int = Field(description="Calls.", examples=[200])
    micro_usd_per_day: int = Field(description="Millionths of a US dollar.", examples=[5_000_000])


class PlanSummary(BaseModel):
    """The figures of a window."""

    window: WindowView = Field(description="The time that this is about.")
    funnel: FunnelView = Field(description="From decisions to healed incidents.")
    approvals: ApprovalsView = Field(description="What people decided.")
    spend: SpendView = Field(description="What it cost.")
    escalations: dict[str, int] = Field(
        description="Escalations by reason.", examples=[{"low_confidence": 7}]
    )
    planners: list[CountView] = Field(description="All decisions by planner and end.")
    days: list[DayView] = Field(description="Spend by day.")
    budget: BudgetView = Field(description="What is set for each site.")
    model: str | None = Field(description="The model that is asked; null: none.", examples=[None])


@router.get("")
async def list_plans(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site_id: Filter = None,
    incident_type: Filter = None,
    runbook_id: Filter = None,
    planner: Annotated[Planner | None, Query(description="Only its.")] = None,
    told: Annotated[Told | None, Query(description="Only such.")] = None,
    reason: Annotated[Reason | None, Query(description="Only for this.")] = None,
    mode: Annotated[L2Mode | None, Query(description="Only under this.")] = None,
    unreported: Annotated[
        bool, Query(description="Only those to execute that nobody reported within an hour.")
    ] = False,
    text: Search = None,
    days: Annotated[
        int | None, Query(ge=1, le=90, description="Only those of the last so many days.")
    ] = None,
) -> pages.Listing[PlanRecord]:
    """List decisions, the newest first; `text` is part of an incident, host, runbook or site."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        filters = Filters(
            site_id=await tenant_filters.site_filter(connection, site_id),
            incident_type=incident_type,
            planner=planner,
            told=told,
            reason=reason,
            mode=mode,
            runbook_id=runbook_id,
            unreported_before=now - plans.UNREPORTED if unreported else None,
            text=text,
            since=None if days is None else now - dt.timedelta(days=days),
        )
        rows = await store.page(connection, filters, before=page.after(UUID), limit=page.limit + 1)
    return pages.listing(rows, page, lambda row: (row.id,), PlanRecord.model_validate)


@router.get("/summary")
async def summarize_plans(
    scope: Reader, parts: RuntimeDep, window: WindowDep, site_id: Filter = None
) -> PlanSummary:
    """Return the funnel, the spend and the reasons of a window of days."""
    async with db.transaction(parts.database, scope) as connection:
        site = await tenant_filters.site_filter(connection, site_id)
        found = await store.funnel(
            connection,
            since=window.since,
            until=window.until,
            unreported_before=window.until - plans.UNREPORTED,
            site_id=site,
        )
        counts = await store.reasons(
            connection, since=window.since, until=window.until, site_id=site
        )
        days = await store.spent(connection, since=window.since.date(), site_id=site)
    settings = parts.settings
    return PlanSummary(
        window=window.view,
        funnel=FunnelView.model_validate(found),
        approvals=ApprovalsView.model_validate(found),
        spend=SpendView.model_validate(found),
        escalations=_escalations(counts),
        planners=[CountView.model_validate(each) for each in counts],
        days=[DayView.model_validate(each) for each in days],
        budget=BudgetView(
            calls_per_day=settings.l2_calls_per_day,
            micro_usd_per_day=int(settings.l2_usd_per_day * 1_000_000),
        ),
        model=settings.l2_model if settings.l2_base_url else None,
    )


# After the summary: an id is anything that no other path is.
@router.get("/{id}")
async def get_plan(scope: Reader, parts: RuntimeDep, id: PathId) -> PlanRecord:
    """Return one decision."""
    async with db.transaction(parts.database, scope) as connection:
        found = await store.page(connection, Filters(id=id), limit=1)
    if not found:
        raise errors.NotFound("There is no such decision: take its id from the list.")
    return PlanRecord.model_validate(found[0])


def _escalations(counts: Iterable[store.Count]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in counts:
        if each.told == "escalate" and each.reason is not None:
            found[each.reason] = found.get(each.reason, 0) + each.decisions
    return found
