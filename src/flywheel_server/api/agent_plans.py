"""Where daemons ask for a plan. Until a planner is configured they are told to escalate (503)."""

from fastapi import APIRouter
from pydantic import Field

from flywheel_server import errors
from flywheel_server.api import access, bodies
from flywheel_server.api.access import Appliance
from flywheel_server.api.bodies import Name

router = APIRouter(tags=["appliances"], strict_content_type=False)


class PlanBody(bodies.Body):
    """An incident that no rule of the appliance matched."""

    site_id: Name | None = Field(
        default=None,
        description="The site of the key; any other is refused.",
        examples=["site-lab-01"],
    )


@router.post("/api/agent/l2/plan")
async def plan(scope: Appliance, body: PlanBody) -> None:
    """Ask which runbook heals an incident. There is no planner yet: escalate to a person."""
    access.own_site(scope, body.site_id)
    raise errors.PlannerUnavailable("No planner is configured: escalate the incident to a person.")
