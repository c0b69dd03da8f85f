"""Plans that wait, for partners and for organizations with full coverage: look, approve, reject.

Approving orders the appliance to run the runbook; a plan is decided on once, and in time.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import OperatorBody, PathId, ReasonBody
from flywheel_server.accounts.views.sites import PlaceView, SiteFilter, SiteFilterDep
from flywheel_server.core import clock, db, errors, rights
from flywheel_server.executions.routes.orders import ProofView, proof_view
from flywheel_server.learning.views.candidates import Notes
from flywheel_server.orders.model import orders, outcomes
from flywheel_server.plans.actions import plan_approvals as actions
from flywheel_server.plans.actions.plan_approvals import Decider
from flywheel_server.plans.model.plans import ApprovalState
from flywheel_server.plans.store import plan_approvals as store
from flywheel_server.plans.store.plan_approvals import Approval
from flywheel_server.web import bodies, keysets as pages
from flywheel_server.web.access import (
    ClientAdmin,
    ClientReader,
    PartnerActor,
    PartnerReader,
    RuntimeDep,
)
from flywheel_server.web.runtime import Runtime

partners = APIRouter(prefix="/api/partners/me/plans", tags=["partners: plans"])
clients = APIRouter(prefix="/api/client/plans", tags=["clients: plans"])

_TIME = "2026-02-24T10:00:00Z"
_LONGEST_APPLIANCE = 300
StatusFilter = Annotated[ApprovalState | None, Query(description="Only such.")]
TextFilter = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=300,
        description="Only those that have this in their incident's id or type, host, runbook, site "
        "or organization, whatever the case.",
    ),
]
OldestFirst = Annotated[
    bool, Query(description="Whether the oldest come first: those whose deadline is next.")
]


class PlanView(BaseModel):
    """A plan that waits or waited for a person's word, and what came of it."""

    id: UUID = Field(description="The plan's id.")
    status: ApprovalState = Field(description="Where it stands.", examples=["waiting"])
    site: PlaceView = Field(description="Where.")
    organization: str = Field(description="Whose site it is.", examples=["Harbour Dental"])
    healing_tier: str = Field(description="The site's tier.", examples=["full_coverage"])
    appliance_id: str | None = Field(
        description="Which appliance asked; null: name one to approve.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    )
    incident_id: str = Field(description="The incident.", examples=["drift-WS-TEST-2-1"])
    incident_type: str = Field(description="What is wrong.", examples=["firewall_status"])
    hostname: str = Field(description="On which host.", examples=["WS-TEST-2"])
    severity: str = Field(description="How bad.", examples=["high"])
    details: dict[str, Any] = Field(
        description="The incident as the planner saw it, scrubbed.",
        examples=[{"expected": "compliant", "actual": "drifted"}],
    )
    runbook_id: str = Field(description="What shall be run.", examples=["RB-WIN-SEC-001"])
    runbook_name: str = Field(description="Its name.", examples=["Windows security: firewall"])
    platform: str | None = Field(description="For which platform.", examples=["windows"])
    planner: str = Field(description="Who proposes it.", examples=["model"])
    basis: str | None = Field(
        description="Which rule, which counts or which earlier plan.", examples=["L1-FW-002"]
    )
    confidence: float | None = Field(description="How sure, 0 to 1.", examples=[0.91])
    reasoning: str = Field(description="Why.", examples=["The firewall service is stopped."])
    created_at: dt.datetime = Field(description="When it was made, UTC.", examples=[_TIME])
    deadline_at: dt.datetime = Field(description="Until when it waits, UTC.", examples=[_TIME])
    decided_at: dt.datetime | None = Field(description="When it was decided.", examples=[None])
    decided_by: str | None = Field(description="By whom.", examples=[None])
    notes: str | None = Field(description="Why, in their words.", examples=[None])
    order_id: str | None = Field(description="The order that came of it.", examples=[None])
    order_status: str | None = Field(description="Where the order stands.", examples=["pending"])
    order_outcome: outcomes.Outcome | None = Field(
        description="What the appliance's words about the order mean, or what a later scan showed; "
        "`unknown`: carried out, and the report of it was lost.",
        examples=["success"],
    )
    order_standing: outcomes.Standing | None = Field(
        description="What these words are worth; `claimed`: this agent version cannot know; "
        "`verified`: a check or a later scan says so.",
        examples=["observed"],
    )
    order_proof: ProofView | None = Field(
        description="The first look at its host's check after the order was reported, within a "
        "day; null: none yet.",
        examples=[None],
    )
    handed_out_at: dt.datetime | None = Field(
        description="When the appliance was first told of the order.", examples=[None]
    )
    agent_versions: list[str] = Field(
        description="What runs on the appliance that asked, else on any that could be ordered.",
        examples=[["0.4.13"]],
    )
    caution: str | None = Field(
        description="What to know before approving, until the order is over: what these versions "
        "do not do, and what works.",
        examples=[f"{orders.ACKNOWLEDGES_ONLY} {orders.WHAT_WORKS}"],
    )
    execution_id: str | None = Field(description="The execution reported.", examples=[None])
    executed_at: dt.datetime | None = Field(description="When it was reported.", examples=[None])
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
    may_decide: bool = Field(
        description="Whether your kind of people may decide on it now.", examples=[True]
    )


class ApprovePlanBody(OperatorBody):
    """How to approve; everything may be left out."""

    notes: Notes | None = Field(None, description="Why.", examples=["Office is closed now."])
    appliance_id: Annotated[bodies.Text, Field(max_length=_LONGEST_APPLIANCE)] | None = Field(
        None, description="Which appliance shall run it, where the plan names none."
    )


ApprovePlan = Annotated[ApprovePlanBody, Body(default_factory=ApprovePlanBody)]


@partners.get("")
async def list_plans(
    *,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    status: StatusFilter = None,
    text: TextFilter = None,
    oldest_first: OldestFirst = False,
) -> pages.Listing[PlanView]:
    """List the plans that wait or waited for you, the newest first unless asked otherwise."""
    chosen = Chosen(status=status, text=text, oldest_first=oldest_first)
    return await listed(parts, scope, page, site, chosen)


@partners.get("/{id}")
async def get_plan(scope: PartnerReader, parts: RuntimeDep, id: PathId) -> PlanView:
    """Return one plan that waits or waited, with what came of it."""
    return await get(parts, scope, id)


@partners.post("/{id}/approve")
async def approve_plan(
    scope: PartnerActor, parts: RuntimeDep, id: PathId, body: ApprovePlan
) -> PlanView:
    """Approve a plan: its appliance gets a signed order."""
    return await approve(parts, scope, id, body)


@partners.post("/{id}/reject")
async def reject_plan(
    scope: PartnerActor, parts: RuntimeDep, id: PathId, body: ReasonBody
) -> PlanView:
    """Reject a plan: nothing is run."""
    return await reject(parts, scope, id, body.reason)


@clients.get("")
async def list_client_plans(
    *,
    scope: ClientReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    status: StatusFilter = None,
    text: TextFilter = None,
    oldest_first: OldestFirst = False,
) -> pages.Listing[PlanView]:
    """List the plans of your sites that wait or waited for a person, the newest first."""
    chosen = Chosen(status=status, text=text, oldest_first=oldest_first)
    return await listed(parts, scope, page, site, chosen)


@clients.get("/{id}")
async def get_client_plan(scope: ClientReader, parts: RuntimeDep, id: PathId) -> PlanView:
    """Return one plan of your sites that waits or waited, with what came of it."""
    return await get(parts, scope, id)


@clients.post("/{id}/approve")
async def approve_client_plan(
    scope: ClientAdmin, parts: RuntimeDep, id: PathId, body: ApprovePlan
) -> PlanView:
    """Approve a plan of a site with full coverage: its appliance gets a signed order."""
    return await approve(parts, scope, id, body)


@clients.post("/{id}/reject")
async def reject_client_plan(
    scope: ClientAdmin, parts: RuntimeDep, id: PathId, body: ReasonBody
) -> PlanView:
    """Reject a plan of a site with full coverage: nothing is run."""
    return await reject(parts, scope, id, body.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which plans of a list."""

    status: ApprovalState | None
    text: str | None
    oldest_first: bool


async def listed(
    parts: Runtime,
    scope: Decider,
    page: pages.Page,
    site: SiteFilter,
    chosen: Chosen,
) -> pages.Listing[PlanView]:
    """Return a page of the plans that the caller may see."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await store.page(
            connection,
            clock.now(),
            state=chosen.status,
            site_id=await site.find(connection),
            text=chosen.text,
            behind=page.after(UUID),
            oldest_first=chosen.oldest_first,
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.plan_id,), lambda row: _view(row, scope))


async def get(parts: Runtime, scope: Decider, id: UUID) -> PlanView:
    """Return one plan. Raises NotFound."""
    async with db.transaction(parts.database, scope) as connection:
        found = await store.get(connection, id, clock.now())
    if found is None:
        raise errors.NotFound("No plan of yours waits under this id: take one from the list.")
    return _view(found, scope)


async def approve(parts: Runtime, scope: Decider, id: UUID, body: ApprovePlanBody) -> PlanView:
    """Approve a plan; raises what ``plans.actions.plan_approvals.approve`` does."""
    # Before the transaction: it may need one of its own.
    signer = await parts.signers.get()
    async with db.transaction(parts.database, scope) as connection:
        approval = await actions.approve(
            connection,
            scope,
            signer,
            id,
            notes=(body.notes or "").strip() or None,
            appliance=body.appliance_id,
            lifetime=dt.timedelta(hours=parts.settings.plan_approval_hours),
            now=clock.now(),
        )
    return _view(approval, scope)


async def reject(parts: Runtime, scope: Decider, id: UUID, reason: str) -> PlanView:
    """Reject a plan; raises what ``plans.actions.plan_approvals.reject`` does."""
    async with db.transaction(parts.database, scope) as connection:
        approval = await actions.reject(connection, scope, id, reason=reason, now=clock.now())
    return _view(approval, scope)


def _view(approval: Approval, scope: Decider) -> PlanView:
    undone = approval.state == "waiting" or approval.order_state in orders.LIVE
    same = {
        name: getattr(approval, name)
        for name in PlanView.model_fields
        if name in Approval.__dataclass_fields__ and name != "appliance_id"
    }
    return PlanView(
        id=approval.plan_id,
        status=approval.state,
        site=PlaceView(id=approval.site_id, site_id=approval.slug, name=approval.site_name),
        organization=approval.organization_name,
        appliance_id=approval.wire_id,
        details=approval.input.get("details", {}),
        order_status=approval.order_state,
        order_proof=proof_view(
            approval.proof_source, approval.proof_reference, approval.proof_seen_at
        ),
        caution=orders.caution("healing", approval.agent_versions) if undone else None,
        may_decide=rights.decides_on(scope, approval.healing_tier, approval.state),
        **same,
    )
