"""Where daemons ask for a plan: a runbook, or to escalate. Recorded before it is answered."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from flywheel_server.core import clock, db
from flywheel_server.fleet.actions import clock_skews
from flywheel_server.fleet.model import clocks
from flywheel_server.plans.actions.plans import Decision
from flywheel_server.plans.model import plans
from flywheel_server.plans.model.plans import Incident
from flywheel_server.web import access, bodies, traffic
from flywheel_server.web.access import Appliance, RuntimeDep
from flywheel_server.web.bodies import FreeMoment, FreeName, FreeObject, Name, Text
from flywheel_server.web.json_bodies import SmallJsonRoute
from flywheel_server.web.runtime import Runtime

router = APIRouter(
    tags=["appliances"],
    dependencies=[Depends(traffic.PLANS)],
    strict_content_type=False,
    route_class=SmallJsonRoute,
)

_LONGEST_ID = 1_000


class PlanBody(bodies.Body):
    """An incident that no rule of the appliance matched."""

    site_id: Name | None = Field(
        default=None,
        description="The site of the key; any other is refused.",
        examples=["site-lab-01"],
    )
    incident_id: Annotated[Text, Field(max_length=_LONGEST_ID)] | None = Field(
        default=None,
        description="The same within ten minutes is answered from the record.",
        examples=["drift-WS-TEST-2-zz_unknown_check-1795163937354"],
    )
    host_id: Name | None = Field(
        default=None, description="The host it is about.", examples=["WS-TEST-2"]
    )
    incident_type: Name | None = Field(
        default=None, description="What is wrong.", examples=["zz_unknown_check"]
    )
    severity: FreeName | None = Field(default=None, description="How bad.", examples=["high"])
    created_at: FreeMoment = Field(
        default=None, description="When it was seen.", examples=["2026-11-20T08:38:57Z"]
    )
    raw_data: FreeObject | None = Field(
        default=None,
        description="What the agent knows. A planner sees a scrubbed part of it; the rest is "
        "neither kept nor sent.",
        examples=[{"platform": "windows", "expected": "compliant", "actual": "drifted"}],
    )

    def incident(self, site: str) -> Incident:
        """Return what planners may know, without nulls."""
        raw = self.raw_data or {}
        given = raw.get("check_type")
        named = given if isinstance(given, str) and len(given) <= bodies.MOST_NAME else ""
        return plans.incident(
            incident_id=self.incident_id or "",
            incident_type=self.incident_type or named,
            hostname=self.host_id or "",
            severity=self.severity or "",
            raw=raw,
            site=site,
        )


class PlanAnswer(BaseModel):
    """What the appliance shall do."""

    incident_id: str = Field(description="The incident.", examples=["drift-WS-TEST-2-1"])
    recommended_action: str = Field(
        description="A word that this agent version accepts; `escalate` to a person.",
        examples=["execute_runbook"],
    )
    action_params: dict[str, Any] = Field(
        description="`script` is always empty.",
        examples=[{"script": "", "runbook_id": "RB-WIN-SEC-001"}],
    )
    confidence: float = Field(description="0 to 1; 0 with an escalation.", examples=[0.91])
    reasoning: str = Field(description="Why.", examples=["It healed 5 of 5 before."])
    runbook_id: str = Field(
        description="Which runbook; empty with an escalation.", examples=["RB-WIN-SEC-001"]
    )
    requires_approval: bool = Field(
        description="Whether the plan waits for a person.", examples=[False]
    )
    escalate_to_l3: bool = Field(description="Whether a person shall decide.", examples=[False])
    context_used: dict[str, Any] = Field(description="Always empty.", examples=[{}])


@router.post("/api/agent/l2/plan")
async def plan(scope: Appliance, parts: RuntimeDep, body: PlanBody) -> PlanAnswer:
    """Ask which runbook heals an incident. Whatever cannot be planned is escalated."""
    access.own_site(scope, body.site_id)
    began_at = clock.now()
    incident = body.incident(scope.site_slug)
    decision = await parts.plans.decide(scope, incident, began_at)
    _count(parts, decision, (clock.now() - began_at).total_seconds())
    if clocks.off(body.created_at, began_at) is not None:
        async with db.transaction(parts.database, scope) as connection:
            await clock_skews.told(connection, scope, body.created_at, began_at)
    return PlanAnswer(**decision.answer)


def _count(parts: Runtime, decision: Decision, seconds: float) -> None:
    figures = parts.metrics
    planner = "repeat" if decision.repeated else decision.planner
    figures.plans.labels(planner, decision.told, decision.reason or "").inc()
    figures.plan_seconds.labels(planner).observe(seconds)
    figures.plan_calls.inc(decision.spent.calls)
    figures.plan_micro_usd.inc(decision.spent.cost_micro_usd)
