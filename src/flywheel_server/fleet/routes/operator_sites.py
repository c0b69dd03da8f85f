"""What operators change of a site, and what they and its partner change of an appliance."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import OperatorBody
from flywheel_server.accounts.views.tenants import SiteView
from flywheel_server.core import clock, db, errors
from flywheel_server.fleet.actions import site_settings as actions
from flywheel_server.fleet.model import reported
from flywheel_server.fleet.model.appliances import L2Mode
from flywheel_server.fleet.routes.operator_appliances import ReportedView
from flywheel_server.fleet.views.sites import SiteChange
from flywheel_server.orders.model import orders
from flywheel_server.web.access import Admin, OperatorOrPartnerActor, RuntimeDep

router = APIRouter(prefix="/api", tags=["operators: sites"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
SiteRef = Annotated[str, Path(description="The site's `site_id` or id.", examples=["site-lab-01"])]
ApplianceRef = Annotated[
    str,
    Path(
        description="The appliance's id, here or on the wire.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    ),
]


class ModeBody(OperatorBody):
    """What an appliance shall do when no rule matches."""

    l2_mode: L2Mode = Field(description="auto, manual or disabled", examples=["manual"])


class ModeView(BaseModel):
    """What an appliance shall do, and what it said it does."""

    id: UUID = Field(description="The appliance's id.", examples=[_UUID])
    appliance_id: str = Field(
        description="Its id on the wire.", examples=["site-lab-01-02:00:5E:10:00:01"]
    )
    l2_mode: ReportedView = Field(description="Desired and reported.")
    caution: str | None = Field(
        description="Manual mode: what the agent version does not do, and what works.",
        examples=[f"{orders.ACKNOWLEDGES_ONLY} {orders.WHAT_WORKS}"],
    )


@router.patch("/admin/sites/{site_id}")
async def change_site(
    scope: Admin, parts: RuntimeDep, site_id: SiteRef, body: SiteChange
) -> SiteView:
    """Rename a site, or give it another healing tier; its appliances get the set with a sync."""
    async with db.transaction(parts.database, scope) as connection:
        site = await tenant_filters.site(connection, site_id)
        changed = await actions.change_site(
            connection,
            scope,
            site,
            name=body.name,
            healing_tier=body.healing_tier,
            now=clock.now(),
        )
    return SiteView.model_validate(changed)


@router.patch("/sites/{site_id}/appliances/{appliance_id}/l2-mode")
async def set_l2_mode(
    scope: OperatorOrPartnerActor,
    parts: RuntimeDep,
    site_id: SiteRef,
    appliance_id: ApplianceRef,
    body: ModeBody,
) -> ModeView:
    """Set what an appliance does when no rule matches; its next check-in tells it."""
    async with db.transaction(parts.database, scope) as connection:
        site = await accounts.find_site(connection, site_id)
        found = None
        if site is not None:
            found = await accounts.find_appliance(connection, site.id, appliance_id)
        if site is None or found is None:
            raise errors.NotFound("There is no such appliance: check the site's and its own id.")
        mode = await actions.set_l2_mode(connection, scope, site, found, body.l2_mode, clock.now())
    manual = mode.desired_l2_mode == "manual"
    reported_at: dt.datetime | None = mode.reported_l2_mode_at
    return ModeView(
        id=mode.id,
        appliance_id=mode.wire_id,
        l2_mode=ReportedView(
            desired=mode.desired_l2_mode,
            reported=mode.reported_l2_mode,
            reported_at=reported_at,
            state=reported.state(mode.desired_l2_mode, mode.reported_l2_mode),
        ),
        caution=orders.caution("healing", [mode.agent_version]) if manual else None,
    )
